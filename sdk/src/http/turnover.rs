//! How soon the connections of an origin come back: whether it is worth waiting for one instead of opening another.

/// Connections are opened seldom, not one for each, for requests that are served within this time by those that come
/// back. Requests that became due all at once, because something held them up, are served by what there is if that is
/// quick: opening a connection for each would take far longer, and make the next ones late.
const PATIENCE_NS: u64 = 3_000_000;

/// The least time between two of them. So a pool that is too small still grows, by 50 connections a second.
const SELDOM_NS: u64 = 20_000_000;

/// What is known of how long connections are away.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Turnover {
    /// Follows what exchanges take: down at once, up slowly, so that a few that were held up do not count for much.
    exchange_ns: u64,
    /// When one came back last.
    returned_ns: u64,
    /// When it was last begun to open one.
    begun_ns: u64,
}

impl Turnover {
    /// Records a connection that came back at `now_ns` after an exchange that took `took_ns`.
    pub(crate) fn returned(&mut self, took_ns: u64, now_ns: u64) {
        self.returned_ns = now_ns;
        self.exchange_ns = if took_ns <= self.exchange_ns || self.exchange_ns == 0 {
            took_ns.max(1)
        } else {
            self.exchange_ns + (took_ns - self.exchange_ns) / 64
        };
    }

    /// Takes note that a connection is being opened since `now_ns`.
    pub(crate) fn begun(&mut self, now_ns: u64) {
        self.begun_ns = now_ns;
    }

    /// Whether another connection is worth opening at `now_ns` for `wanted` requests that wait, with `open` ones in use.
    pub(crate) fn is_worth_opening(&self, wanted: usize, open: usize, now_ns: u64) -> bool {
        wanted > self.served_soon(open, now_ns) || now_ns.saturating_sub(self.begun_ns) >= SELDOM_NS
    }

    /// How many requests `open` connections will have taken up within that time; none if none came back lately.
    fn served_soon(&self, open: usize, now_ns: u64) -> usize {
        let lately_ns = PATIENCE_NS.max(4 * self.exchange_ns);
        if self.exchange_ns == 0 || now_ns.saturating_sub(self.returned_ns) > lately_ns {
            return 0;
        }
        let each = usize::try_from(PATIENCE_NS / self.exchange_ns).unwrap_or(usize::MAX);
        open.saturating_mul(each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_connections_are_waited_for() {
        let mut turnover = Turnover::default();
        assert_eq!(turnover.served_soon(10, 0), 0, "nothing is known yet");
        turnover.returned(100_000, 5_000_000);
        assert_eq!(turnover.served_soon(10, 5_000_000), 300);
        assert_eq!(turnover.served_soon(10, 8_000_000), 300);
        assert_eq!(turnover.served_soon(10, 8_000_001), 0, "none comes back any more");
    }

    #[test]
    fn a_pool_that_is_too_small_grows_slowly() {
        let mut turnover = Turnover::default();
        turnover.returned(100_000, 100_000_000);
        assert!(turnover.is_worth_opening(1, 10, 100_000_000), "none for long");
        turnover.begun(100_000_000);
        turnover.returned(100_000, 119_999_999);
        assert!(!turnover.is_worth_opening(300, 10, 119_999_999));
        assert!(turnover.is_worth_opening(301, 10, 119_999_999), "too many");
        assert!(turnover.is_worth_opening(1, 10, 120_000_000), "none for 20 ms");
    }

    #[test]
    fn slow_connections_are_not_waited_for() {
        let mut turnover = Turnover::default();
        turnover.returned(50_000_000, 60_000_000);
        assert_eq!(turnover.served_soon(1_000, 60_000_000), 0);
        turnover.returned(400_000, 61_000_000);
        assert_eq!(turnover.served_soon(1_000, 61_000_000), 7_000);
    }

    #[test]
    fn a_few_that_were_held_up_do_not_count_for_much_and_a_slow_target_does() {
        let mut turnover = Turnover::default();
        turnover.returned(100_000, 1);
        turnover.returned(6_000_000, 2);
        assert!(turnover.served_soon(10, 2) >= 100);
        (0..10).for_each(|_| turnover.returned(300_000_000, 3));
        assert_eq!(turnover.served_soon(10, 3), 0);
    }
}
