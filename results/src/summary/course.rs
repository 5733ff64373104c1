//! How a job went over time: its windows, the timeline that charts are drawn from, and where it came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Accounting, Distribution};

/// What came out of one window of a job. Iterations count in the window in which they were scheduled, requests in that
/// of their start; `planned`, `scheduled`, `started`, `dropped` and `lost` in that in which the second begins in which
/// they were due.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WindowSummary {
    /// warm-up, steady or ramp-down.
    pub name: String,
    /// From the job's start, in seconds.
    pub from_s: f64,
    /// From the job's start, in seconds; of the last window the end of the load.
    pub until_s: f64,
    /// Its iterations.
    pub iterations: Accounting,
    /// Completed iterations per second of its length; `None` in documents of earlier versions.
    #[serde(default)]
    pub iteration_rate: Option<f64>,
    /// Durations of its completed iterations.
    pub iteration_duration: Distribution,
    /// Their response times, where the load model has them.
    pub response_time: Option<Distribution>,
    /// How many of its requests failed.
    pub requests_failed: u64,
    /// Its requests per second of its length; that of the last window goes on to the last end.
    pub request_rate: f64,
    /// Durations of its requests.
    pub duration: Distribution,
}

/// User time: the sum of the times in which users were to be there, without pauses and used-up quotas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct UserTime {
    /// As planned.
    pub planned_s: f64,
    /// Of that, without a process that held a lease.
    pub missing_s: f64,
}

/// The job's seconds, drawn together into a few hundred points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// How many seconds each point covers: a power of two.
    pub point_s: u32,
    /// Upper bounds of the bands of [`Point::bands`], ascending; the last one is the slowest of all.
    pub bands_upper_ms: Vec<f64>,
    /// Ascending; seconds in which nothing happened may be missing.
    pub points: Vec<Point>,
}

/// What happened in some seconds. Plan, starts and drops count in the second due, all else in the second it ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The first of its seconds, from the job's start.
    pub second: u32,
    /// How long it is, in seconds: as all others, but for the last, which ends with the job.
    pub length_s: f64,
    /// How much of it lies before the end of the load, in seconds: what planned and started iterations are to be divided
    /// by. `None` in documents of earlier versions.
    #[serde(default)]
    pub load_s: Option<f64>,
    /// Iterations, by the profile.
    pub planned: u64,
    /// Iterations due.
    pub scheduled: u64,
    /// Of them, started.
    pub started: u64,
    /// Of them, dropped.
    pub dropped: u64,
    /// Iterations that ended well.
    pub ok: u64,
    /// Iterations that ended badly.
    pub failed: u64,
    /// Iterations running at the end of a second, in the second in which they were most.
    pub in_flight: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Of them, failed.
    pub requests_failed: u64,
    /// Those of HTTP by the first digit of their status; 0: no answer. Empty in summaries that do not have it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub status_classes: BTreeMap<u16, u64>,
    /// The failed by kind of error; beyond 30 kinds, `(other)`. Empty in summaries that do not have it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub error_kinds: BTreeMap<String, u64>,
    /// Median of request durations; `None` without requests.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the same.
    pub p95_ms: Option<f64>,
    /// 99th percentile of the same.
    pub p99_ms: Option<f64>,
    /// 99.9th percentile of the same.
    pub p999_ms: Option<f64>,
    /// The slowest request.
    pub max_ms: Option<f64>,
    /// 99th percentile of response times of iterations; `None` without them.
    pub response_p99_ms: Option<f64>,
    /// 99th percentile of generator lag; `None` without iterations.
    pub lag_p99_ms: Option<f64>,
    /// How many requests took longer than the band below and up to the band's bound; trailing zeros are left out.
    pub bands: Vec<u64>,
}
