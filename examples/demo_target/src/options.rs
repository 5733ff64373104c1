//! How a target behaves.

use std::time::{Duration, Instant};

/// Options of a target. The default answers everything at once and without an error, on one thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Threads that serve; at least one.
    pub threads: usize,
    /// Arrival stamps kept per thread, 8 bytes each. The memory is reserved at the start and used as it fills;
    /// later arrivals are counted but not stamped.
    pub arrivals_max: usize,
    /// How long the shop and `/` take.
    pub latency: Latency,
    /// Seed of everything random.
    pub seed: u64,
    /// Behaviour of the whole server from the start.
    pub behaviour: Behaviour,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            threads: 1,
            arrivals_max: 4 << 20,
            latency: Latency::None,
            seed: 1,
            behaviour: Behaviour::default(),
        }
    }
}

/// How long `/` and the shop take to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// No time at all, and no errors.
    None,
    /// As a small shop would: skewed around 2 to 8 ms with a rare 50 ms, and 0.2% errors at checkout.
    Lifelike,
}

/// What a target does to every request beside answering it. The default is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Behaviour {
    /// Added to every answer.
    pub slow: Duration,
    /// Share of requests answered 503, from 0 to 1.
    pub fail_share: f64,
    /// A time in which nothing is answered.
    pub stall: Option<Stall>,
}

/// A time in which a target accepts and reads, and answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// When it begins, from the moment the behaviour is set.
    pub after: Duration,
    /// How long it takes; what was held back is answered at its end.
    pub length: Duration,
}

/// A [`Behaviour`] with its stall placed in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) slow: Duration,
    pub(crate) fail_share: f64,
    stall: Option<(Instant, Instant)>,
}

impl Placed {
    pub(crate) fn new(behaviour: Behaviour, now: Instant) -> Placed {
        let stall = behaviour.stall.map(|stall| {
            let start = now + stall.after;
            (start, start + stall.length)
        });
        Placed {
            slow: behaviour.slow,
            fail_share: behaviour.fail_share,
            stall,
        }
    }

    /// Whether nothing at all is asked for.
    pub(crate) fn is_calm(&self) -> bool {
        self.slow.is_zero() && self.fail_share == 0.0 && self.stall.is_none()
    }

    /// When an answer that is ready at `now` may leave, if not at once.
    pub(crate) fn held_until(&self, now: Instant) -> Option<Instant> {
        let (start, end) = self.stall?;
        (start <= now && now < end).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_holds_answers_until_its_end() {
        let ms = Duration::from_millis;
        let now = Instant::now();
        let stall = Some(Stall {
            after: ms(10),
            length: ms(5),
        });
        let placed = Placed::new(
            Behaviour {
                stall,
                ..Behaviour::default()
            },
            now,
        );
        let end = Some(now + ms(15));
        for (at, held) in [(0, None), (10, end), (14, end), (15, None)] {
            assert_eq!(placed.held_until(now + ms(at)), held, "at {at} ms");
        }
        assert!(!placed.is_calm());
        assert!(Placed::new(Behaviour::default(), now).is_calm());
    }
}
