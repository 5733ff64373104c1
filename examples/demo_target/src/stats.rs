//! Received requests: counts by path, and the instant of every arrival.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::route::{NAMES, Route};

/// Counts since the start of the target or the last reset. They exclude requests of `/_` paths, and connections
/// that began with one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests whose head was parsed.
    pub requests: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Requests whose arrival was not recorded because the list was full.
    pub unstamped: u64,
    /// Requests by path template; only requested paths.
    pub by_path: BTreeMap<&'static str, u64>,
}

/// The counters of a target. All accesses are relaxed: readers wait until the load has ended, or accept rough values.
#[derive(Debug)]
pub(crate) struct Counters {
    connections: AtomicU64,
    unstamped: AtomicU64,
    by_path: [AtomicU64; NAMES.len()],
    /// Number of the next request, for its random numbers; never reset.
    next: AtomicU64,
    /// One list per thread, so that recording never waits for another thread.
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

    /// Records an arrival; call it as soon as a head is parsed.
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

    /// Uncounts a connection that requests a `/_` path.
    pub(crate) fn not_load(&self) {
        // Saturates because a reset may have happened in between.
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

    /// CLOCK_MONOTONIC in ns of every recorded arrival, ascending.
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
