//! The guides for contributors: every path that they name exists, and they name every crate.

use std::fs;

use super::root;

/// The rows of a table whose first header is `first`, as cells without the header and the rule.
fn table(text: &str, first: &str) -> Vec<Vec<String>> {
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {first} |")))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::to_owned).collect())
        .collect()
}

/// Backquoted text that is a path of the repository, such as `sdk/src/` or `store/migrations/*/`.
fn paths(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| {
            let whole = !word.contains([' ', '{', '<', '(', '$', '~', ':']);
            whole && !word.starts_with(['/', '-']) && (word.contains('/') || word.ends_with(".md"))
        })
        .collect()
}

/// Whether the tree has this path; `*` stands for any one name.
fn exists(path: &str) -> bool {
    match path.split_once("*") {
        None => root().join(path).exists(),
        Some((before, after)) => fs::read_dir(root().join(before)).is_ok_and(|entries| {
            entries
                .map(Result::unwrap)
                .any(|entry| entry.path().join(after.trim_start_matches('/')).exists())
        }),
    }
}

fn guide(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn every_path_in_the_guides_exists() {
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = guide(name);
        let paths = paths(&text);
        assert!(paths.len() > 20, "{name} names only {paths:?}");
        let missing: Vec<_> = paths.into_iter().filter(|path| !exists(path)).collect();
        assert!(missing.is_empty(), "{name} names {missing:?}, which do not exist");
    }
}

#[test]
fn every_row_of_where_to_change_what_names_its_places() {
    let rows = table(&guide("CONTRIBUTING.md"), "to change");
    assert!(rows.len() > 20, "{rows:?}");
    for row in rows {
        assert_eq!(row.len(), 4, "{row:?}");
        for cell in &row[1..] {
            assert!(!paths(cell).is_empty() || cell.contains("nothing"), "{row:?}");
        }
    }
}

#[test]
fn the_architecture_describes_every_crate() {
    let rows = table(&guide("ARCHITECTURE.md"), "crate");
    let described: Vec<&str> = rows.iter().flat_map(|row| paths(&row[0])).collect();
    let workspace = guide("Cargo.toml");
    let members = workspace
        .split("members = [")
        .nth(1)
        .and_then(|rest| rest.split(']').next())
        .unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let crate_of = member.split('/').next().unwrap();
        assert!(
            described.contains(&format!("{crate_of}/").as_str()),
            "ARCHITECTURE.md does not describe {member}"
        );
    }
}
