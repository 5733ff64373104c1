//! What tests look at: how many calls run at once, and what a listener was told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use heavy_sdk::local::{CallError, DropReason, Event, Listener};

/// How many calls run, and how many ever did at the same time.
#[derive(Debug, Default)]
pub(crate) struct AtOnce {
    running: AtomicU64,
    most: AtomicU64,
}

/// A call that runs.
pub(crate) struct Inside<'a>(&'a AtOnce);

impl AtOnce {
    pub(crate) fn enter(&self) -> Inside<'_> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        Inside(self)
    }

    pub(crate) fn most(&self) -> u64 {
        self.most.load(Ordering::SeqCst)
    }

    pub(crate) fn running(&self) -> u64 {
        self.running.load(Ordering::SeqCst)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One thing a listener was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Before(Event),
    After(Event, Result<(), CallError>),
    Canceled(Event, DropReason),
    Flush,
}

/// A listener that keeps everything.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Vec<Told>>);

impl Kept {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn all(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, which: impl Fn(&Told) -> bool) -> u64 {
        self.0.lock().unwrap().iter().filter(|told| which(told)).count() as u64
    }

    fn keep(&self, told: Told) {
        self.0.lock().unwrap().push(told);
    }
}

impl Listener for Kept {
    fn before(&self, event: &Event) {
        self.keep(Told::Before(event.clone()));
    }

    fn after(&self, event: &Event, result: &Result<(), CallError>) {
        self.keep(Told::After(event.clone(), result.clone()));
    }

    fn canceled(&self, event: &Event, reason: DropReason) {
        self.keep(Told::Canceled(event.clone(), reason));
    }

    fn flush(&self) -> heavy_sdk::Result<()> {
        self.keep(Told::Flush);
        Ok(())
    }
}
