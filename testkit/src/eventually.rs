//! Waiting for a condition: the only place of the test code that sleeps.

use std::time::{Duration, Instant};

/// Pause between two looks.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Calls `look` until it returns a value, and returns that value.
///
/// # Panics
/// When `limit` has passed without one; the message names `what` was waited for. The limit only bounds a
/// failing test, so let it be generous: a passing one never waits longer than it must.
///
/// ```
/// # use std::time::{Duration, Instant};
/// let start = Instant::now();
/// let seen = heavy_testkit::eventually("a moment to pass", Duration::from_secs(5), || {
///     (start.elapsed() > Duration::from_millis(1)).then_some(42)
/// });
/// assert_eq!(seen, 42);
/// ```
#[track_caller]
pub fn eventually<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(
            Instant::now() < deadline,
            "timed out after {limit:?} waiting for {what}"
        );
        std::thread::sleep(LOOK_EVERY);
    }
}
