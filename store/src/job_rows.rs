//! A job as a row, and back.

use heavy_results::job::JobInfo;
use uuid::Uuid;

use crate::Error;
use crate::cell::{Cell, Rowset, named};
use crate::text::{clean, count};

pub(crate) fn row(job: &JobInfo) -> Result<Rowset, Error> {
    let spec = &job.spec;

    let verdict = job.verdict.map(|verdict| verdict.as_str().to_owned());
    let mut rowset = Rowset::new("job_rows", 1);
    rowset.push(named([
        ("id", job.id.into()),
        ("name", spec.shown_name().into()),
        ("description", spec.description.as_str().into()),
        ("service", spec.service.as_str().into()),
        ("state", job.state.as_str().into()),
        ("verdict", Cell::OptText(verdict)),
        ("reason", job.reason.as_str().into()),
        ("degraded", job.degraded.into()),
        ("final", job.state.is_final().into()),
        ("submitted_wall_ns", job.submitted_at_wall_ns.into()),
        ("started_wall_ns", Cell::OptInt(job.started_at_wall_ns.map(count))),
        ("ended_wall_ns", Cell::OptInt(job.ended_at_wall_ns.map(count))),
        ("duration_s", spec.total_duration().as_s().into()),
        ("planned", job.planned.into()),
        ("asked_rate", job.asked_rate.into()),
        ("achieved_rate", job.achieved_rate.into()),
        ("load_s", job.load_s.into()),
        ("binary_sha256", spec.binary_sha256.as_str().into()),
        ("binary_name", spec.binary_name.as_str().into()),
        ("spec", Cell::Text(json(job.id, &spec)?)),
        ("labels", Cell::Text(json(job.id, &spec.labels)?)),
        ("info", Cell::Text(json(job.id, job)?)),
    ]));
    Ok(rowset)
}

fn json(job: Uuid, value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt {
        what: format!("job {job}"),
        problem: error.to_string(),
    })
}

/// Reads values of the column `info`.
pub(crate) fn parse(infos: Vec<String>) -> Result<Vec<JobInfo>, Error> {
    let corrupt = |error: serde_json::Error| Error::Corrupt {
        what: "job".to_owned(),
        problem: error.to_string(),
    };
    infos
        .iter()
        .map(|info| serde_json::from_str(info).map_err(corrupt))
        .collect()
}

/// Reads the column `id` as a string.
pub(crate) fn parse_id(id: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(id).map_err(|error| Error::Corrupt {
        what: format!("job id `{id}`"),
        problem: error.to_string(),
    })
}

/// The `LIKE` pattern of ids with this prefix, with or without dashes; `None` if no id can have it.
pub(crate) fn pattern(prefix: &str) -> Option<String> {
    let digits: String = clean(prefix).chars().filter(|char| *char != '-').collect();
    if digits.len() > 32 || !digits.chars().all(|char| char.is_ascii_hexdigit()) {
        return None;
    }
    let mut pattern = String::new();
    for (place, digit) in digits.to_ascii_lowercase().chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            pattern.push('-');
        }
        pattern.push(digit);
    }
    pattern.push('%');
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_ids() {
        assert_eq!(pattern("0193-A"), Some("0193a%".to_owned()));
        assert_eq!(pattern("0193aaaa-12"), Some("0193aaaa-12%".to_owned()));
        assert_eq!(pattern("0193aaaa12"), Some("0193aaaa-12%".to_owned()));
        assert_eq!(pattern(""), Some("%".to_owned()));
        assert_eq!(pattern("last"), None);
        assert_eq!(pattern("%"), None);
    }
}
