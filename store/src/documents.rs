//! Summaries as stored documents.

use heavy_results::summary::Summary;
use uuid::Uuid;

use crate::Error;
use crate::cell::{Cell, Rowset, named};

/// The summary as a row of `summaries`.
pub(crate) fn summary(job: Uuid, summary: &Summary) -> Result<Rowset, Error> {
    let document = serde_json::to_string(summary).map_err(|error| corrupt(job, &error))?;
    let mut rowset = Rowset::new("summaries", 1);
    rowset.push(named([
        ("job_id", job.into()),
        ("document", Cell::Text(document)),
    ]));
    Ok(rowset)
}

/// Reads the column `document`.
pub(crate) fn parse_summary(job: Uuid, document: &str) -> Result<Summary, Error> {
    serde_json::from_str(document).map_err(|error| corrupt(job, &error))
}

fn corrupt(job: Uuid, error: &serde_json::Error) -> Error {
    Error::Corrupt {
        what: format!("summary of job {job}"),
        problem: error.to_string(),
    }
}
