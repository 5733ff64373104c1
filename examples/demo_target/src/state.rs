//! What all connections of a target share.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::options::{Latency, Options, Placed};
use crate::stats::Counters;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) counters: Counters,
    pub(crate) latency: Latency,
    pub(crate) seed: u64,
    behaviour: Mutex<Placed>,
}

impl State {
    pub(crate) fn new(options: &Options, threads: usize) -> Self {
        Self {
            counters: Counters::new(threads, options.arrivals_max),
            latency: options.latency,
            seed: options.seed,
            behaviour: Mutex::new(Placed::new(options.behaviour, Instant::now())),
        }
    }

    pub(crate) fn behaviour(&self) -> Placed {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn behave(&self, behaviour: Placed) {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }
}
