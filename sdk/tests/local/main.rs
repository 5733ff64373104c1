//! `heavy_sdk::local` in real time: counts are asserted, times are not.

#![expect(clippy::unwrap_used, reason = "a test whose work cannot be done has failed")]

mod farm;
mod force;
mod listeners;
mod seen;
mod work;
mod worker;

use std::time::Duration;

use heavy_sdk::local::Report;

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What every report must fulfil.
#[track_caller]
fn assert_adds_up(report: &Report) {
    assert_eq!(
        report.planned,
        report.started + report.canceled() + report.withdrawn,
        "{report:?}"
    );
    assert_eq!(
        report.started,
        report.ok + report.failed + report.interrupted,
        "{report:?}"
    );
    assert_eq!(report.started, report.lag.count());
    assert_eq!(report.ok + report.failed, report.duration.count());
    assert_eq!(report.failed, report.errors.values().sum::<u64>());
}
