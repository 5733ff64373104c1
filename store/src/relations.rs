//! The relations that users query: their names in the order of `docs/relations.md`, and their columns.

/// What `docs/relations.md` describes.
pub const RELATIONS: [&str; 20] = [
    "jobs",
    "assignments",
    "requests",
    "iterations",
    "request_stats",
    "step_stats",
    "workflow_stats",
    "seconds",
    "agent_seconds",
    "status_counts",
    "errors",
    "checks",
    "metrics",
    "thresholds",
    "events",
    "latency_buckets",
    "logs",
    "summaries",
    "summary_revisions",
    "audit",
];

/// One of [`RELATIONS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// In their order.
    pub columns: Vec<Column>,
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type as the database calls it; empty where it has none (SQLite, of what a view computes).
    pub kind: String,
}

/// Relations of columns that are given as (relation, name, type), each relation's in their order; others are left out.
pub(crate) fn grouped(columns: Vec<(String, String, String)>) -> Vec<Relation> {
    let mut relations: Vec<Relation> = RELATIONS
        .iter()
        .map(|name| Relation {
            name: (*name).to_owned(),
            columns: Vec::new(),
        })
        .collect();
    for (relation, name, kind) in columns {
        if let Some(found) = relations.iter_mut().find(|other| other.name == relation) {
            found.columns.push(Column { name, kind });
        }
    }
    relations.retain(|relation| !relation.columns.is_empty());
    relations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn these_are_the_relations_that_the_documentation_describes() {
        let page = include_str!("../../docs/relations.md");
        let table = page
            .split("## Relations")
            .nth(1)
            .and_then(|rest| rest.split("\n## ").next())
            .unwrap();
        let described: Vec<&str> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(described, RELATIONS);
    }

    #[test]
    fn what_is_internal_is_left_out() {
        let column = |relation: &str, name: &str| (relation.to_owned(), name.to_owned(), String::new());
        let found = grouped(vec![
            column("samples", "id"),
            column("seconds", "job_id"),
            column("jobs", "id"),
            column("jobs", "name"),
        ]);
        let names: Vec<(&str, usize)> = found
            .iter()
            .map(|relation| (relation.name.as_str(), relation.columns.len()))
            .collect();
        assert_eq!(names, [("jobs", 2), ("seconds", 1)]);
    }
}
