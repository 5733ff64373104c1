//! The report of a work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::histogram::Histogram;

use crate::summary::percentiles;

/// The report of a work. `planned = started + full + late + withdrawn`, and `started = ok + failed + interrupted`.
///
/// It can be printed for people with `{}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The name of the worker.
    pub worker: Arc<str>,
    /// How many calls the rate and the duration ask for, or the amount of a force.
    pub planned: u64,
    /// How many started.
    pub started: u64,
    /// How many of them returned `Ok`.
    pub ok: u64,
    /// How many of them returned an `Err` or panicked.
    pub failed: u64,
    /// How many of those panicked.
    pub panicked: u64,
    /// How many were cut off before they ended.
    pub interrupted: u64,
    /// How many were canceled because the limit was reached.
    pub full: u64,
    /// How many were canceled because the generator was more than a second behind.
    pub late: u64,
    /// How many were never due, or never looked at, because the work was stopped.
    pub withdrawn: u64,
    /// How much later calls started than they were due and had a slot, in ns: the generator's own fault. One value for
    /// each started call.
    pub lag: Histogram,
    /// From start to end in ns, of the calls that were ok or failed.
    pub duration: Histogram,
    /// The errors of failed calls, counted by message: at most 1,000 messages of at most 1,024 bytes, the rest as `(other)`.
    pub errors: BTreeMap<String, u64>,
    /// How long calls kept becoming due: the duration, or until the work was stopped. 0 of a force.
    pub paced: Duration,
    /// From the start until nothing ran any more.
    pub elapsed: Duration,
    /// Events delivered to listeners, over all of them.
    pub delivered: u64,
    /// Events not delivered, because the listener's queue was full or it had failed.
    pub undelivered: u64,
}

impl Report {
    /// How many calls were due and did not start, for whatever reason.
    #[must_use]
    pub fn canceled(&self) -> u64 {
        self.full + self.late
    }

    /// The achieved rate: started calls per second of [`Self::paced`]; 0 of a force, which has no rate.
    #[must_use]
    pub fn achieved_rate(&self) -> f64 {
        per_second(self.started, self.paced)
    }

    /// The throughput: calls that were ok, per second of [`Self::elapsed`].
    #[must_use]
    pub fn throughput(&self) -> f64 {
        per_second(self.ok, self.elapsed)
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() {
        0.0
    } else {
        count as f64 / time.as_secs_f64()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.worker)?;
        let mut line = |name: &str, text: String| write!(f, "\n{name:<12} {text}");
        line(
            "calls",
            format!(
                "{} planned, {} started, {} ok, {} failed, {} canceled, {} interrupted",
                self.planned,
                self.started,
                self.ok,
                self.failed,
                self.canceled(),
                self.interrupted
            ),
        )?;
        if !self.paced.is_zero() {
            line("rate", format!("{:.1}/s started", self.achieved_rate()))?;
        }
        line("throughput", format!("{:.1}/s ok", self.throughput()))?;
        line("duration", percentiles(&self.duration))?;
        line("lag", percentiles(&self.lag))?;
        for (what, count) in [
            ("full", self.full),
            ("late", self.late),
            ("withdrawn", self.withdrawn),
            ("undelivered", self.undelivered),
        ] {
            if count > 0 {
                line(what, count.to_string())?;
            }
        }
        for (error, count) in &self.errors {
            line("error", format!("{count} x {}", error.escape_debug()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{CallError, DropReason};

    #[test]
    fn a_report_is_printed_for_people() {
        let mut report = Report {
            worker: "shop".into(),
            planned: 4,
            paced: Duration::from_secs(2),
            elapsed: Duration::from_secs(4),
            ..Report::default()
        };
        report.count_start(1_000_000);
        report.count_end(5_000_000, &Err(CallError::Failed("no\nboots".into())));
        report.count_start(1_000_000);
        report.count_end(5_000_000, &Ok(()));
        report.count_canceled(DropReason::Full);
        report.count_canceled(DropReason::Late);
        let expected = "\
shop
calls        4 planned, 2 started, 1 ok, 1 failed, 2 canceled, 0 interrupted
rate         1.0/s started
throughput   0.2/s ok
duration     p50 5.000, p90 5.000, p99 5.000, slowest 5.000 ms
lag          p50 1.000, p90 1.000, p99 1.000, slowest 1.000 ms
full         1
late         1
error        1 x no\\nboots";
        assert_eq!(report.to_string(), expected);
        let force = Report::default();
        assert_eq!((force.achieved_rate(), force.throughput()), (0.0, 0.0));
    }
}
