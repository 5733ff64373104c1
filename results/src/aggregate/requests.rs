//! Requests by identity.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::Requests;
use crate::summary::{Distribution, PhaseMeans, RequestSummary, RequestTotals};
use heavy_load::histogram::Histogram;
use heavy_load::measured_time::MeasuredTime;
use heavy_load::phases::Phase;
use heavy_load::protocol;

/// Ways to fail that are kept apart for one identity; the rest are counted together.
const MOST_FAILURES: usize = 100;

/// The totals of every request identity; an identity exists once it has a request.
#[derive(Debug, Default)]
pub(super) struct RequestTable(BTreeMap<RequestKey, RequestSums>);

/// How many requests had each status; 0: no answer.
type StatusCounts = BTreeMap<u16, u64>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RequestKey {
    workflow: Arc<str>,
    step: Arc<str>,
    name: Arc<str>,
    method: Arc<str>,
    protocol: Arc<str>,
}

#[derive(Debug, Default)]
struct RequestSums {
    bytes: u64,
    ok_duration: Histogram,
    failed_duration: Histogram,
    status_counts: StatusCounts,
    /// Of the failed, by status and error kind.
    failures: BTreeMap<(u16, Arc<str>), u64>,
    phases_ns: [u64; 7],
}

/// Requests of one name that failed in the same way.
#[derive(Debug)]
pub(super) struct RequestFailure<'a> {
    pub(super) method: &'a str,
    pub(super) name: &'a str,
    pub(super) status: u16,
    pub(super) kind: &'a str,
    pub(super) count: u64,
}

impl RequestTable {
    pub(super) fn add(&mut self, row: &Requests) {
        let key = RequestKey {
            workflow: Arc::clone(&row.workflow),
            step: Arc::clone(&row.step),
            name: Arc::clone(&row.name),
            method: Arc::clone(&row.method),
            protocol: Arc::clone(&row.protocol),
        };
        let sums = self.0.entry(key).or_default();
        sums.bytes += row.bytes;
        if row.failed {
            sums.failed_duration.merge(&row.duration);
            sums.add_failures(row);
        } else {
            sums.ok_duration.merge(&row.duration);
        }
        *sums.status_counts.entry(row.status).or_default() += row.duration.count();
        for (sum, phase) in sums.phases_ns.iter_mut().zip(row.phases_ns) {
            *sum += phase;
        }
    }

    /// All requests together, whose durations are known.
    pub(super) fn totals(&self, measured: MeasuredTime, duration: &Histogram) -> RequestTotals {
        let mut all = RequestTotals::default();
        for sums in self.0.values() {
            all.failed += sums.failed_duration.count();
            all.bytes += sums.bytes;
        }
        (all.status_counts, all.protocol_status_counts) = self.status_counts(None, None);
        all.rate = measured.ends_per_second(duration.count() as f64);
        all.duration = Distribution::from(duration);
        all
    }

    /// The requests of a step, by name and method; of the empty step those outside of steps.
    pub(super) fn of_step(&self, workflow: &str, step: &str, measured: MeasuredTime) -> Vec<RequestSummary> {
        self.0
            .iter()
            .filter(|(key, _)| *key.workflow == *workflow && *key.step == *step)
            .map(|(key, sums)| sums.summary(key, measured))
            .collect()
    }

    /// How many requests of a workflow or step had each status, or of all without either: those of HTTP, and those of
    /// each other protocol.
    pub(super) fn status_counts(
        &self,
        workflow: Option<&str>,
        step: Option<&str>,
    ) -> (StatusCounts, BTreeMap<String, StatusCounts>) {
        let is = |text: &Arc<str>, wanted: Option<&str>| wanted.is_none_or(|wanted| **text == *wanted);
        let of = |key: &RequestKey| is(&key.workflow, workflow) && is(&key.step, step);
        let (mut http, mut others) = (StatusCounts::new(), BTreeMap::<String, StatusCounts>::new());
        for (key, sums) in self.0.iter().filter(|(key, _)| of(key)) {
            let counts = if protocol::is_http(&key.protocol) {
                &mut http
            } else {
                others.entry(key.protocol.to_string()).or_default()
            };
            for (status, count) in &sums.status_counts {
                *counts.entry(*status).or_default() += count;
            }
        }
        (http, others)
    }

    /// The failed requests, by identity, status and error kind.
    pub(super) fn failures(&self) -> impl Iterator<Item = RequestFailure<'_>> {
        self.0.iter().flat_map(|(key, sums)| {
            sums.failures
                .iter()
                .map(|((status, kind), count)| RequestFailure {
                    method: &key.method,
                    name: &key.name,
                    status: *status,
                    kind,
                    count: *count,
                })
        })
    }

    /// The workflows that have requests; one may come more than once.
    pub(super) fn workflows(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys().map(|key| &key.workflow)
    }

    /// The steps of a workflow that have requests; one may come more than once.
    pub(super) fn steps<'a>(&'a self, workflow: &'a str) -> impl Iterator<Item = &'a Arc<str>> {
        let of = move |key: &&RequestKey| *key.workflow == *workflow && !key.step.is_empty();
        self.0.keys().filter(of).map(|key| &key.step)
    }

    /// Whether there were more names than are kept apart.
    pub(super) fn has_other(&self) -> bool {
        self.0.keys().any(|key| &*key.name == "(other)")
    }
}

impl RequestSums {
    fn add_failures(&mut self, row: &Requests) {
        let mut failure = (row.status, Arc::clone(&row.error_kind));
        if self.failures.len() >= MOST_FAILURES && !self.failures.contains_key(&failure) {
            failure = (0, Arc::from("(other)"));
        }
        *self.failures.entry(failure).or_default() += row.duration.count();
    }

    fn summary(&self, key: &RequestKey, measured: MeasuredTime) -> RequestSummary {
        let (ok_duration, failed_duration) = (
            Distribution::from(&self.ok_duration),
            Distribution::from(&self.failed_duration),
        );
        let duration = match (ok_duration.count, failed_duration.count) {
            (_, 0) => ok_duration.clone(),
            (0, _) => failed_duration.clone(),
            _ => {
                let mut duration = self.ok_duration.clone();
                duration.merge(&self.failed_duration);
                Distribution::from(&duration)
            }
        };
        let count = duration.count.max(1) as f64;
        let mean_ms = |phase: Phase| self.phases_ns[phase as usize] as f64 / count / 1e6;
        RequestSummary {
            name: key.name.to_string(),
            method: key.method.to_string(),
            protocol: key.protocol.to_string(),
            failed: self.failed_duration.count(),
            rate: measured.ends_per_second(duration.count as f64),
            bytes: self.bytes,
            duration,
            ok_duration,
            failed_duration,
            status_counts: self.status_counts.clone(),
            phases: PhaseMeans {
                blocked_ms: mean_ms(Phase::Blocked),
                dns_ms: mean_ms(Phase::Dns),
                connect_ms: mean_ms(Phase::Connect),
                tls_ms: mean_ms(Phase::Tls),
                send_ms: mean_ms(Phase::Send),
                wait_ms: mean_ms(Phase::Wait),
                receive_ms: mean_ms(Phase::Receive),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_fail_are_bounded_and_none_is_lost() {
        let mut table = RequestTable::default();
        let mut duration = Histogram::default();
        duration.record(1_000_000);
        for status in 0..1_000 {
            table.add(&Requests {
                status,
                failed: true,
                duration: duration.clone(),
                ..Requests::default()
            });
        }
        let failures: Vec<RequestFailure<'_>> = table.failures().collect();
        assert_eq!(failures.len(), MOST_FAILURES + 1);
        assert_eq!(failures.iter().map(|failure| failure.count).sum::<u64>(), 1_000);
        assert!(
            failures
                .iter()
                .any(|failure| (failure.kind, failure.count) == ("(other)", 900))
        );
    }
}
