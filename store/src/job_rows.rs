//! A job as a row, and back.

use heavy_results::job::JobInfo;
use uuid::Uuid;

use crate::Error;
use crate::cell::{Cell, Rowset};
use crate::text::{clean, count};

const COLUMNS: &str = "id name description service state verdict reason degraded final submitted_wall_ns \
    started_wall_ns ended_wall_ns duration_s planned asked_rate achieved_rate binary_sha256 binary_name spec labels info";

/// The job as a row of `job_rows`.
pub(crate) fn row(job: &JobInfo) -> Result<Rowset, Error> {
    let spec = &job.spec;
    let name = if spec.name.is_empty() {
        &spec.binary_name
    } else {
        &spec.name
    };
    let mut rowset = Rowset::new("job_rows", 1, COLUMNS);
    rowset.rows.push(vec![
        Cell::Id(job.id),
        name.as_str().into(),
        spec.description.as_str().into(),
        spec.service.as_str().into(),
        job.state.as_str().into(),
        Cell::OptText(job.verdict.map(|verdict| verdict.as_str().to_owned())),
        job.reason.as_str().into(),
        Cell::Bool(job.degraded),
        Cell::Bool(job.state.is_final()),
        job.submitted_at_wall_ns.into(),
        Cell::OptInt(job.started_at_wall_ns.map(count)),
        Cell::OptInt(job.ended_at_wall_ns.map(count)),
        spec.total_duration().as_s().into(),
        job.planned.into(),
        job.asked_rate.into(),
        job.achieved_rate.into(),
        spec.binary_sha256.as_str().into(),
        spec.binary_name.as_str().into(),
        Cell::Text(json(job.id, &spec)?),
        Cell::Text(json(job.id, &spec.labels)?),
        Cell::Text(json(job.id, job)?),
    ]);
    Ok(rowset)
}

fn json(job: Uuid, value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt {
        what: format!("job {job}"),
        problem: error.to_string(),
    })
}

/// Reads the column `info`.
pub(crate) fn parse(info: &str) -> Result<JobInfo, Error> {
    serde_json::from_str(info).map_err(|error| Error::Corrupt {
        what: "job".to_owned(),
        problem: error.to_string(),
    })
}

/// Reads the column `id` of a database that holds ids as texts.
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
