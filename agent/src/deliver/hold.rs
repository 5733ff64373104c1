//! Holds a stream back that the collector does not take now: a full disk, say, takes statistics and no rows. The other
//! stream goes on meanwhile.

use std::time::Instant;

use crate::backoff::Backoff;

#[derive(Debug, Default)]
pub(crate) struct Hold {
    backoff: Backoff,
    until: Option<Instant>,
}

impl Hold {
    /// Holds the stream back for a while.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.until = Some(now + self.backoff.next_pause());
    }

    /// The collector took something.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }

    /// When the stream may go on, if that is later.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// Whether nothing was taken since: then one batch is enough to ask with.
    pub(crate) const fn is_asking(&self) -> bool {
        self.until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_stream_is_asked_for_again_within_two_seconds_however_often_it_was_held() {
        let mut hold = Hold::default();
        let mut now = Instant::now();
        for _ in 0..20 {
            hold.begin(now);
            let until = hold.until(now).unwrap();
            assert!(until - now <= Duration::from_secs(2));
            now = until;
            assert_eq!(hold.until(now), None);
            assert!(hold.is_asking());
        }
        hold.end();
        assert!(!hold.is_asking());
    }
}
