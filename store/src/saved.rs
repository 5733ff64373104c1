//! What is written when a job's series are saved; summaries are stored as documents.

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::summary::Summary;
use uuid::Uuid;

use crate::cell::{Cell, Rowset, named};
use crate::error::Error;
use crate::{series, totals};

pub(crate) struct Changes {
    pub(crate) rows: Vec<Rowset>,
    /// All rows that their tables are to hold of the job.
    pub(crate) totals: Vec<Rowset>,
}

impl Changes {
    pub(crate) fn new(job: Uuid, update: &SeriesUpdate, summary: Option<&Summary>) -> Result<Self, Error> {
        let mut changes = Self {
            rows: series::rowsets(job, update).into(),
            totals: Vec::new(),
        };
        if let Some(summary) = summary {
            changes.rows.push(summary_row(job, summary)?);
            changes.totals = totals::rowsets(job, summary);
        }
        Ok(changes)
    }
}

fn summary_row(job: Uuid, summary: &Summary) -> Result<Rowset, Error> {
    let document = serde_json::to_string(summary).map_err(|error| corrupt(job, &error))?;
    let mut rowset = Rowset::new("summaries", 1);
    rowset.push(named([
        ("job_id", job.into()),
        ("document", Cell::Text(document)),
    ]));
    Ok(rowset)
}

pub(crate) fn parse_summary(job: Uuid, document: &str) -> Result<Summary, Error> {
    serde_json::from_str(document).map_err(|error| corrupt(job, &error))
}

fn corrupt(job: Uuid, error: &serde_json::Error) -> Error {
    Error::Corrupt {
        what: format!("summary of job {job}"),
        problem: error.to_string(),
    }
}
