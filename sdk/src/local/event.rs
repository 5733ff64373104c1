//! What listeners are told of one call.

use std::sync::Arc;
use std::time::Duration;

/// One call of a target, as far as it has come. Instants count from the start of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The name of the worker.
    pub worker: Arc<str>,
    /// The number of the call in its work, from 0.
    pub n: u64,
    /// When the call was due.
    pub scheduled: Duration,
    /// When it started; `None` if it was canceled.
    pub started: Option<Duration>,
    /// When it ended; `None` before it has.
    pub ended: Option<Duration>,
}

impl Event {
    /// From when the call was due to when it started; `None` if it was canceled.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        Some(self.started?.saturating_sub(self.scheduled))
    }

    /// From the start of the call to its end; `None` before that.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.started?))
    }

    /// From when the call was due to its end, so that a late start is part of it; `None` before that.
    #[must_use]
    pub fn response_time(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.scheduled))
    }
}

/// Why a call that started is not ok.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The target gave an `Err`: its message and those of its causes.
    #[error("{0}")]
    Failed(String),
    /// The target panicked: where, and what it said.
    #[error("{0}")]
    Panicked(String),
    /// It was cut off by the end of grace, or because nobody waits for the work any more.
    #[error("cut off by the end of grace")]
    Interrupted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_from_instants() {
        let ms = |ms| Some(Duration::from_millis(ms));
        let mut event = Event {
            worker: "w".into(),
            n: 3,
            scheduled: Duration::from_millis(10),
            started: None,
            ended: None,
        };
        let times = |event: &Event| [event.lag(), event.duration(), event.response_time()];
        assert_eq!(times(&event), [None; 3]);
        event.started = ms(12);
        assert_eq!(times(&event), [ms(2), None, None]);
        event.ended = ms(17);
        assert_eq!(times(&event), [ms(2), ms(5), ms(7)]);
    }
}
