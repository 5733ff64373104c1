//! The rules of INVALID that nobody can allow: figures that are not there, and what cannot be known without them.

use crate::digits::count;

/// The share of the planned user time in which users may lack a process.
const MISSING_USERS_SHARE: f64 = 0.001;
/// Of what is missing, this much is named.
const MOST_NAMED: usize = 3;

/// What a job lacks.
#[derive(Debug, Default)]
pub(super) struct Lacks<'a> {
    /// Results, in words.
    pub(super) results: &'a [String],
    /// Iterations of which nobody knows whether they were started.
    pub(super) unknown: u64,
    /// Iterations that were started and never heard of again.
    pub(super) lost: u64,
    /// User time that was planned, and of it that without a process, in seconds.
    pub(super) users_s: Option<(f64, f64)>,
    /// Raw rows that are neither stored nor counted as discarded.
    pub(super) rows: RawRows,
}

/// What the agents gave up of their raw rows, beside what the totals count.
#[derive(Debug, Default)]
pub(super) struct RawRows {
    /// Batches that were damaged, whose rows nobody can count.
    pub(super) damaged_batches: u64,
    /// Rows of requests that were discarded, and requests.
    pub(super) requests: (u64, u64),
    /// The same of iterations.
    pub(super) iterations: (u64, u64),
}

/// Why the job is INVALID whatever its figures say, if it is.
pub(super) fn check(lacks: &Lacks<'_>) -> Option<String> {
    results(lacks)
        .or_else(|| unknown(lacks.unknown))
        .or_else(|| lost(lacks.lost))
        .or_else(|| rows(&lacks.rows))
        .or_else(|| users(lacks.users_s?))
}

fn results(lacks: &Lacks<'_>) -> Option<String> {
    let missing = lacks.results;
    if missing.is_empty() {
        return None;
    }
    let named: Vec<&str> = missing.iter().take(MOST_NAMED).map(String::as_str).collect();
    let mut text = format!("results are missing: {}", named.join("; "));
    if missing.len() > MOST_NAMED {
        text.push_str(&format!("; and {} more", missing.len() - MOST_NAMED));
    }
    if lacks.unknown > 0 {
        text.push_str(&format!(
            "; whether {} iterations were started is unknown",
            count(lacks.unknown)
        ));
    }
    if lacks.lost > 0 {
        text.push_str(&format!("; {} iterations were lost", count(lacks.lost)));
    }
    Some(text)
}

fn unknown(unknown: u64) -> Option<String> {
    (unknown > 0).then(|| {
        let unknown = count(unknown);
        format!(
            "whether {unknown} iterations were started is unknown: they were due while their agent had its lease, and it \
             did not report them"
        )
    })
}

fn lost(lost: u64) -> Option<String> {
    (lost > 0).then(|| {
        let lost = count(lost);
        format!("{lost} iterations were lost: the load test died while they ran")
    })
}

/// Rows and discarded rows together are what the totals count: what cannot be so is missing somewhere.
fn rows(rows: &RawRows) -> Option<String> {
    let damaged = rows.damaged_batches;
    if damaged > 0 {
        let batches = if damaged == 1 { "batch" } else { "batches" };
        return Some(format!(
            "{} {batches} of raw rows were damaged on the disks of agents, and nobody knows how many rows they held",
            count(damaged)
        ));
    }
    let kinds = [("requests", rows.requests), ("iterations", rows.iterations)];
    let (what, (discarded, counted)) = kinds
        .into_iter()
        .find(|(_, (discarded, counted))| discarded > counted)?;
    Some(format!(
        "raw rows of {} {what} were discarded, but the totals count only {}",
        count(discarded),
        count(counted)
    ))
}

fn users((planned_s, missing_s): (f64, f64)) -> Option<String> {
    let share = missing_s / planned_s;
    (share > MISSING_USERS_SHARE).then(|| {
        format!(
            "users were missing for {missing_s:.1} s of {planned_s:.1} s of planned user time ({:.1}%, limit {:.1}%): \
             their agents were gone",
            share * 100.0,
            MISSING_USERS_SHARE * 100.0
        )
    })
}
