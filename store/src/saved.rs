//! What is written when a job's series are saved.

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::summary::Summary;
use uuid::Uuid;

use crate::cell::Rowset;
use crate::error::Error;
use crate::{documents, series, totals};

/// Rows of a job to write.
pub(crate) struct Changes {
    /// Rows to insert or replace.
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
            changes.rows.push(documents::summary(job, summary)?);
            changes.totals = totals::rowsets(job, summary);
        }
        Ok(changes)
    }
}
