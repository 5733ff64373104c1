//! The options of a work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::execution::{DEFAULT_GRACEFUL_STOP, DEFAULT_MAX_IN_FLIGHT};

use super::{Error, Listener, WhenFull};

/// No work has more threads.
const MOST_THREADS: usize = 1 << 10;

/// No queue of a listener is longer.
const LONGEST_QUEUE: usize = 1 << 20;

/// The options of a work. Values out of range are an error when the work is created.
#[derive(Clone)]
#[must_use]
pub struct Options {
    pub(super) name: Arc<str>,
    pub(super) limit: u32,
    pub(super) when_full: WhenFull,
    pub(super) grace: Duration,
    pub(super) threads: usize,
    pub(super) stop_on_error: Option<u64>,
    pub(super) listeners: Vec<Arc<dyn Listener>>,
    pub(super) queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "worker".into(),
            limit: DEFAULT_MAX_IN_FLIGHT,
            when_full: WhenFull::Drop,
            grace: DEFAULT_GRACEFUL_STOP.to_std(),
            threads: 1,
            stop_on_error: None,
            listeners: Vec::new(),
            queue: 1 << 14,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .field("when_full", &self.when_full)
            .field("grace", &self.grace)
            .field("threads", &self.threads)
            .field("stop_on_error", &self.stop_on_error)
            .field("listeners", &self.listeners.len())
            .field("queue", &self.queue)
            .finish()
    }
}

impl Options {
    /// The name in reports, events and errors. The default is `worker`.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Maximum number of concurrent calls, over all threads: at least 1. The default is 4,096.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// What happens to a call that is due when the limit is reached. By default it is canceled.
    ///
    /// With [`WhenFull::Queue`] about a million due calls wait on each thread; further ones are canceled. Those of a
    /// [`work`](super::work) that wait when its duration is over are canceled too.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// How long running calls may take to end after the work has ended or failed; then they are cut off. Listeners have as
    /// long to process their queue and to flush. The default is 30 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// On how many threads targets run: 1 to 1,024, by default 1. Calls are dealt to them in turn, and all of them share
    /// the limit.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Lets the worker fail, and with it its farm, as soon as this many calls have failed: at least 1. By default failed
    /// calls are only counted.
    pub fn stop_on_error(mut self, failed: u64) -> Self {
        self.stop_on_error = Some(failed);
        self
    }

    /// Adds a listener.
    pub fn listener(mut self, listener: impl Listener) -> Self {
        self.listeners.push(Arc::new(listener));
        self
    }

    /// Size of each listener's queue: 1 to 1,048,576 events, by default 16,384. Every call has two events.
    pub fn queue(mut self, notices: usize) -> Self {
        self.queue = notices;
        self
    }

    /// Whether all values are within their bounds.
    pub(super) fn check(&self) -> Result<(), Error> {
        let bounds = [
            ("limit", u64::from(self.limit), u64::from(u32::MAX)),
            ("threads", self.threads as u64, MOST_THREADS as u64),
            ("stop_on_error", self.stop_on_error.unwrap_or(1), u64::MAX),
            ("queue", self.queue as u64, LONGEST_QUEUE as u64),
        ];
        match bounds
            .into_iter()
            .find(|(_, value, most)| *value == 0 || value > most)
        {
            None => Ok(()),
            Some((option, value, most)) => Err(Error::InvalidLimit { option, value, most }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_bounds_are_refused() {
        let options = Options::default;
        assert!(options().check().is_ok());
        for (expected, options) in [
            ("limit", options().limit(0)),
            ("threads", options().threads(0)),
            ("threads", options().threads(MOST_THREADS + 1)),
            ("stop_on_error", options().stop_on_error(0)),
            ("queue", options().queue(0)),
            ("queue", options().queue(LONGEST_QUEUE + 1)),
        ] {
            match options.check() {
                Err(Error::InvalidLimit { option, .. }) => assert_eq!(option, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }
}
