//! Readings of how agent and load test fare, one for each second of a job.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use heavy_results::stats;

use crate::process::usage::{self, Usage};

const SECOND_NS: i64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct HealthReader {
    process: String,
    /// The load test's own count of running iterations, as it last answered a release.
    pub(crate) in_flight: Arc<AtomicU32>,
    releasing: bool,
    last: Option<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at_ns: i64,
    load_test: Usage,
    agent: Usage,
}

impl HealthReader {
    pub(crate) fn new(process: String) -> Self {
        Self {
            process,
            in_flight: Arc::default(),
            releasing: true,
            last: None,
        }
    }

    /// From now on the load test's own count is old.
    pub(crate) fn releases_ended(&mut self) {
        self.releasing = false;
    }

    /// A reading, if a second has ended since the last one.
    pub(crate) fn reading(
        &mut self,
        now_ns: i64,
        in_flight: impl FnOnce() -> u64,
        spool_bytes: u64,
    ) -> Option<stats::GeneratorHealth> {
        let second = now_ns.div_euclid(SECOND_NS);
        if now_ns < 0
            || self
                .last
                .is_some_and(|last| last.at_ns.div_euclid(SECOND_NS) >= second)
        {
            return None;
        }
        let reading = Reading {
            at_ns: now_ns,
            load_test: usage::read(&self.process)?,
            agent: usage::read("self")?,
        };
        let last = self.last.replace(reading)?;
        let cores = |before: Usage, now: Usage| {
            now.cpu_ns.saturating_sub(before.cpu_ns) as f64 / (now_ns - last.at_ns).max(1) as f64
        };
        Some(stats::GeneratorHealth {
            second: u32::try_from(second - 1).unwrap_or(u32::MAX),
            in_flight: if self.releasing {
                u64::from(self.in_flight.load(Ordering::Relaxed))
            } else {
                in_flight()
            },
            load_test_cpu: cores(last.load_test, reading.load_test),
            agent_cpu: cores(last.agent, reading.agent),
            load_test_rss_bytes: reading.load_test.rss_bytes,
            agent_rss_bytes: reading.agent.rss_bytes,
            open_files: reading.load_test.open_files,
            spool_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_is_read_once() {
        let mut health = HealthReader::new("self".into());
        let mut seconds = Vec::new();
        for at_ms in [-200, 30, 500, 1010, 1900, 2040, 4000, 4100] {
            health.in_flight.store(7, Ordering::Relaxed);
            seconds.extend(
                health
                    .reading(at_ms * 1_000_000, || 0, 5)
                    .map(|reading| reading.second),
            );
        }
        assert_eq!(seconds, [0, 1, 3]);
    }
}
