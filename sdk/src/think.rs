//! Think time: pauses that durations do not include.

use std::cell::Cell;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use crate::http::{duration_ns, monotonic_ns};
use crate::sequence;

/// How long a user pauses: a [`Duration`], or a range of them, from which every pause is drawn at random, evenly.
pub trait ThinkTime {
    /// The length of one pause.
    fn draw(self) -> Duration;
}

impl ThinkTime for Duration {
    fn draw(self) -> Duration {
        self
    }
}

impl ThinkTime for Range<Duration> {
    fn draw(self) -> Duration {
        between(self.start, self.end)
    }
}

impl ThinkTime for RangeInclusive<Duration> {
    fn draw(self) -> Duration {
        between(*self.start(), *self.end())
    }
}

/// Every thread draws from its own generator, which the operating system has seeded.
fn between(shortest: Duration, longest: Duration) -> Duration {
    let span_ns = u128::from(duration_ns(longest.saturating_sub(shortest)));
    let random = u128::from(sequence::random().unwrap_or(u64::MAX / 2));
    let more_ns = u64::try_from((random * span_ns) >> 64).unwrap_or(u64::MAX);
    shortest.saturating_add(Duration::from_nanos(more_ns))
}

/// The pauses of one iteration. Pauses at the same time count once.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    under_way: Cell<u32>,
    since_ns: Cell<u64>,
    /// When those under way will have ended.
    until_ns: Cell<u64>,
    sum_ns: Cell<u64>,
    /// Whether pauses have ended before their time since somebody asked.
    given_up: Cell<bool>,
}

impl Pauses {
    /// Pauses for this long, or until it is dropped.
    pub(crate) async fn pause(&self, time: Duration) {
        let _pause = Pause::begin(self, time);
        tokio::time::sleep(time).await;
    }

    /// The length of all pauses so far, up to `now_ns`.
    pub(crate) fn sum_ns(&self, now_ns: u64) -> u64 {
        let running_ns = match self.under_way.get() {
            0 => 0,
            _ => now_ns.saturating_sub(self.since_ns.get()),
        };
        self.sum_ns.get() + running_ns
    }

    /// The rest of the pauses that are under way at `now_ns`.
    fn rest_ns(&self, now_ns: u64) -> u64 {
        match self.under_way.get() {
            0 => 0,
            _ => self.until_ns.get().saturating_sub(now_ns),
        }
    }

    /// How long something that began at `started_ns` and may take `limit` without its pauses has to be waited for; none if it
    /// has used its limit up.
    pub(crate) fn time_left(&self, started_ns: u64, limit: Duration) -> Option<Duration> {
        let now_ns = monotonic_ns();
        let used_ns = (now_ns - started_ns).saturating_sub(self.sum_ns(now_ns));
        let left_ns = duration_ns(limit).saturating_sub(used_ns);
        (left_ns > 0).then(|| Duration::from_nanos(left_ns.saturating_add(self.rest_ns(now_ns))))
    }

    /// Whether pauses ended before their time since the last call: then [`Self::time_left`] has become shorter.
    pub(crate) fn take_given_up(&self) -> bool {
        self.given_up.take()
    }

    /// Forgets the pauses so far.
    pub(crate) fn reset(&self) {
        self.sum_ns.set(0);
        self.given_up.set(false);
    }
}

struct Pause<'a>(&'a Pauses);

impl<'a> Pause<'a> {
    fn begin(pauses: &'a Pauses, time: Duration) -> Self {
        let now_ns = monotonic_ns();
        let until_ns = now_ns.saturating_add(duration_ns(time));
        let under_way = pauses.under_way.get();
        if under_way == 0 {
            pauses.since_ns.set(now_ns);
            pauses.until_ns.set(until_ns);
        } else {
            pauses.until_ns.set(pauses.until_ns.get().max(until_ns));
        }
        pauses.under_way.set(under_way + 1);
        Self(pauses)
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let pauses = self.0;
        let now_ns = monotonic_ns();
        let (sum_ns, rest_ns) = (pauses.sum_ns(now_ns), pauses.rest_ns(now_ns));
        pauses.under_way.set(pauses.under_way.get() - 1);
        if pauses.under_way.get() == 0 {
            pauses.sum_ns.set(sum_ns);
            pauses.given_up.set(pauses.given_up.get() || rest_ns > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_drawn_from_the_whole_range() {
        let second = Duration::from_secs(1);
        assert_eq!(second.draw(), second);
        assert_eq!((second..second).draw(), second);
        assert_eq!(
            (second * 2..second).draw(),
            second * 2,
            "an empty range is its start"
        );
        let drawn: Vec<_> = (0..1_000).map(|_| (second..=second * 3).draw()).collect();
        assert!(drawn.iter().all(|time| (second..second * 3).contains(time)));
        for third in 0..3 {
            let from = second + second * 2 * third / 3;
            let in_third = drawn
                .iter()
                .filter(|time| (from..from + second * 2 / 3).contains(*time));
            assert!((200..500).contains(&in_third.count()), "{third}");
        }
        let _ = (Duration::ZERO..Duration::MAX).draw();
    }

    #[test]
    fn pauses_at_the_same_time_count_once() {
        let pauses = Pauses::default();
        let (first, second) = (
            Pause::begin(&pauses, Duration::from_secs(1)),
            Pause::begin(&pauses, Duration::from_secs(2)),
        );
        let began_ns = pauses.since_ns.get();
        assert_eq!(pauses.sum_ns(began_ns + 500), 500);
        assert!(pauses.rest_ns(began_ns) >= 2_000_000_000);
        drop(first);
        assert_eq!(pauses.sum_ns(began_ns + 700), 700);
        assert!(!pauses.take_given_up(), "another is under way");
        drop(second);
        assert!(pauses.take_given_up() && !pauses.take_given_up());
        let sum_ns = pauses.sum_ns(0);
        assert!(sum_ns <= monotonic_ns() - began_ns);
        assert_eq!(pauses.rest_ns(0), 0);
        drop(Pause::begin(&pauses, Duration::ZERO));
        assert!(!pauses.take_given_up(), "it ended in its time");
        drop(Pause::begin(&pauses, Duration::from_secs(3600)));
        drop(Pause::begin(&pauses, Duration::ZERO));
        assert!(
            pauses.take_given_up(),
            "one was given up since nobody looked, whatever followed"
        );
        pauses.reset();
        assert_eq!(pauses.sum_ns(u64::MAX), 0);
    }

    #[test]
    fn a_limit_is_one_of_the_time_without_pauses() {
        let pauses = Pauses::default();
        let second = Duration::from_secs(1);
        let ago_ns = |seconds: u64| monotonic_ns() - seconds * 1_000_000_000;
        assert!(pauses.time_left(ago_ns(2), second).is_none());
        pauses.sum_ns.set(1_500_000_000);
        assert!(pauses.time_left(ago_ns(2), second).unwrap() <= second / 2);
        let _pause = Pause::begin(&pauses, second * 10);
        assert!(pauses.time_left(ago_ns(2), second).unwrap() > second * 9);
    }
}
