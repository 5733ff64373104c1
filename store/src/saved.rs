//! What is written when a job's series are saved; summaries are stored as documents.

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::summary::Summary;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::cell::{Cell, Rowset, named};
use crate::error::Error;
use crate::{Conclusion, Handover, job_rows, series, totals};

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

    pub(crate) fn of_conclusion(conclusion: &Conclusion<'_>) -> Result<Self, Error> {
        let job = conclusion.job.id;
        let mut changes = Self::new(job, conclusion.update, Some(conclusion.summary))?;
        changes.rows.push(job_rows::row(conclusion.job)?);
        changes.rows.push(revisions(job, conclusion.summary));
        changes.rows.push(settlement_row(job, conclusion)?);
        changes.totals.push(handovers());
        Ok(changes)
    }

    pub(crate) fn of_handover(job: Uuid, handover: &Handover) -> Result<Self, Error> {
        let document = serde_json::to_string(handover).map_err(|error| corrupt(job, "handover", &error))?;
        let mut rowset = handovers();
        rowset.push(named([
            ("job_id", job.into()),
            ("document", Cell::Text(document)),
        ]));
        Ok(Self {
            rows: vec![rowset],
            totals: Vec::new(),
        })
    }
}

/// The newest revision; the ones before are there.
fn revisions(job: Uuid, summary: &Summary) -> Rowset {
    let mut rowset = Rowset::new("revision_rows", 2);
    if let Some(revision) = summary.revisions.last() {
        rowset.push(named([
            ("job_id", job.into()),
            ("number", u64::from(revision.number).into()),
            ("at_wall_ns", revision.at_wall_ns.into()),
            ("verdict", revision.verdict.as_str().into()),
            ("reason", revision.reason.as_str().into()),
            ("complete", revision.complete.into()),
            ("changes", revision.changes.as_str().into()),
        ]));
    }
    rowset
}

/// None yet: a job that has ended has nothing to hand over.
fn handovers() -> Rowset {
    Rowset::new("handovers", 1)
}

fn settlement_row(job: Uuid, conclusion: &Conclusion<'_>) -> Result<Rowset, Error> {
    let document =
        serde_json::to_string(conclusion.settled).map_err(|error| corrupt(job, "settlement", &error))?;
    let mut rowset = Rowset::new("settlements", 1);
    rowset.push(named([
        ("job_id", job.into()),
        ("complete", conclusion.complete.into()),
        ("seen", conclusion.seen.into()),
        ("document", Cell::Text(document)),
    ]));
    Ok(rowset)
}

fn summary_row(job: Uuid, summary: &Summary) -> Result<Rowset, Error> {
    let document = serde_json::to_string(summary).map_err(|error| corrupt(job, "summary", &error))?;
    let mut rowset = Rowset::new("summaries", 1);
    rowset.push(named([
        ("job_id", job.into()),
        ("document", Cell::Text(document)),
    ]));
    Ok(rowset)
}

/// Reads a document of a job.
pub(crate) fn parse<T: DeserializeOwned>(job: Uuid, what: &str, document: &str) -> Result<T, Error> {
    serde_json::from_str(document).map_err(|error| corrupt(job, what, &error))
}

fn corrupt(job: Uuid, what: &str, error: &serde_json::Error) -> Error {
    Error::Corrupt {
        what: format!("{what} of job {job}"),
        problem: error.to_string(),
    }
}
