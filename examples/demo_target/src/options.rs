//! Options and behaviour of a target.

use std::time::{Duration, Instant};

/// Options of a target. The default responds to everything immediately and without errors, on one thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Number of server threads; at least one.
    pub threads: usize,
    /// Arrival stamps kept per thread, 8 bytes each. The memory is reserved at the start and used as it fills;
    /// later arrivals are counted but not recorded.
    pub arrivals_max: usize,
    /// Latency of the shop and `/`.
    pub latency: Latency,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Initial behaviour of the whole server.
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

/// Latency of `/` and the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// No latency and no errors.
    None,
    /// Like a small shop: 2 to 8 ms with a skewed distribution, rarely 50 ms, and 0.2% errors at checkout.
    Lifelike,
}

/// Faults of a target, applied to every request. The default has none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Behaviour {
    /// Delay added to every response.
    pub slow: Duration,
    /// Share of requests that fail with 503, from 0 to 1.
    pub fail_share: f64,
    /// A period without responses.
    pub stall: Option<Stall>,
}

/// A period in which a target accepts and reads, but does not respond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// When it begins, relative to the moment at which the behaviour is set.
    pub after: Duration,
    /// Its length; delayed responses are sent at its end.
    pub length: Duration,
}

/// A [`Behaviour`] with the absolute time of its stall.
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

    /// Whether the target has no faults.
    pub(crate) fn is_calm(&self) -> bool {
        self.slow.is_zero() && self.fail_share == 0.0 && self.stall.is_none()
    }

    /// When to send a response that is ready at `now`, if not immediately.
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
