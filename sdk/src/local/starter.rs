//! A target that does one work at a time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::call::ErasedTarget;
use super::conduct::conduct;
use super::plan::CallPlan;
use super::run::{Beginning, TargetRun};
use super::{Error, Options, Work};
use crate::harness::panics;

/// A target with its options, and what it is at work on.
pub(super) struct Starter {
    pub(super) options: Options,
    target: Arc<dyn ErasedTarget>,
    current: Mutex<Option<Arc<TargetRun>>>,
}

impl fmt::Debug for Starter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starter")
            .field("options", &self.options)
            .field("busy", &self.is_busy())
            .finish_non_exhaustive()
    }
}

impl Starter {
    pub(super) fn new(target: Option<Arc<dyn ErasedTarget>>, options: Options) -> Result<Arc<Self>, Error> {
        options.check()?;
        let Some(target) = target else {
            let worker = options.name.to_string();
            return Err(Error::MissingTarget { worker });
        };
        Ok(Arc::new(Self {
            options,
            target,
            current: Mutex::default(),
        }))
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<TargetRun>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a work, unless there is one.
    pub(super) fn start(self: &Arc<Self>, plan: CallPlan, beginning: Beginning) -> Result<Work, Error> {
        panics::shorten_reports();
        let mut current = self.current();
        if current.is_some() {
            return Err(Error::Busy {
                worker: self.options.name.to_string(),
            });
        }
        let alarm = Arc::clone(&beginning.alarm);
        let run = TargetRun::new(self.options.clone(), Arc::clone(&self.target), plan, beginning);
        let run = Arc::new(run);
        let (report, ended) = oneshot::channel();
        let (starter, of_thread) = (Arc::clone(self), Arc::clone(&run));
        thread::Builder::new()
            .name("heavy-local".to_owned())
            .spawn(move || {
                let done = conduct(&of_thread);
                *starter.current() = None;
                // A work that was dropped needs no report.
                let _ = report.send(done);
            })
            .map_err(Error::Runtime)?;
        *current = Some(Arc::clone(&run));
        Ok(Work::new(run, alarm, ended))
    }

    pub(super) fn is_busy(&self) -> bool {
        self.current().is_some()
    }

    /// Stops the work, if there is one.
    pub(super) fn stop(&self, grace: Duration) {
        if let Some(run) = &*self.current() {
            run.stop(grace);
        }
    }
}
