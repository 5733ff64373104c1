//! What arrived: counts by path, and the instant of every arrival.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::route::{NAMES, Route};

/// What a target has seen since its start or the last reset. Requests of `/_` paths, and connections that
/// began with one, are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests whose head was parsed.
    pub requests: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Requests that found no room for their stamp.
    pub unstamped: u64,
    /// Requests by path template; only paths that were asked for.
    pub by_path: BTreeMap<&'static str, u64>,
}

/// The counters of a target. Relaxed throughout: they are read when the load is over, or roughly.
#[derive(Debug)]
pub(crate) struct Counters {
    connections: AtomicU64,
    unstamped: AtomicU64,
    by_path: [AtomicU64; NAMES.len()],
    /// Numbers the requests for what is random; never reset.
    next: AtomicU64,
    /// One list a thread, so that stamping never waits for another thread.
    arrivals: Vec<Mutex<Vec<u64>>>,
}

impl Counters {
    pub(crate) fn new(threads: usize, arrivals_max: usize) -> Counters {
        Counters {
            connections: AtomicU64::new(0),
            unstamped: AtomicU64::new(0),
            by_path: [const { AtomicU64::new(0) }; NAMES.len()],
            next: AtomicU64::new(0),
            arrivals: (0..threads)
                .map(|_| Mutex::new(Vec::with_capacity(arrivals_max)))
                .collect(),
        }
    }

    /// Stamps an arrival; first thing when a head was parsed.
    pub(crate) fn arrived(&self, thread: usize) {
        let now_ns = now_ns();
        let mut arrivals = locked(&self.arrivals[thread]);
        if arrivals.len() < arrivals.capacity() {
            arrivals.push(now_ns);
        } else {
            self.unstamped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a request and returns its number.
    pub(crate) fn asked_for(&self, route: Route) -> u64 {
        self.by_path[route.index()].fetch_add(1, Ordering::Relaxed);
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn accepted(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back the count of a connection that turned out to be about the target itself.
    pub(crate) fn not_load(&self) {
        // Saturates because a reset may have come between.
        let _ = self
            .connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
    }

    pub(crate) fn stats(&self) -> Stats {
        let counts = self.by_path.iter().map(|count| count.load(Ordering::Relaxed));
        let by_path: BTreeMap<_, _> = NAMES
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .collect();
        Stats {
            requests: by_path.values().sum(),
            connections: self.connections.load(Ordering::Relaxed),
            unstamped: self.unstamped.load(Ordering::Relaxed),
            by_path,
        }
    }

    /// CLOCK_MONOTONIC in ns of every stamped arrival, ascending.
    pub(crate) fn arrivals(&self) -> Vec<u64> {
        let mut all = Vec::new();
        for arrivals in &self.arrivals {
            all.extend_from_slice(&locked(arrivals));
        }
        all.sort_unstable();
        all
    }

    pub(crate) fn reset(&self) {
        for count in self.by_path.iter().chain([&self.connections, &self.unstamped]) {
            count.store(0, Ordering::Relaxed);
        }
        for arrivals in &self.arrivals {
            locked(arrivals).clear();
        }
    }
}

fn locked(arrivals: &Mutex<Vec<u64>>) -> MutexGuard<'_, Vec<u64>> {
    arrivals.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_bounded_and_the_rest_is_counted() {
        let counters = Counters::new(1, 2);
        for _ in 0..5 {
            counters.arrived(0);
            counters.asked_for(Route::Home);
        }
        let stats = counters.stats();
        assert_eq!((stats.requests, stats.unstamped), (5, 3));
        let arrivals = counters.arrivals();
        assert!(arrivals.len() == 2 && arrivals[0] <= arrivals[1]);
        counters.reset();
        assert_eq!((counters.stats().requests, counters.arrivals()), (0, vec![]));
    }
}
