//! What comes to a job's driver, and the door through which agents may join its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use heavy_model::job::JobInfo;
use tokio::sync::oneshot;

use super::error::Error;
use super::event::Event;
use super::steer::Change;
use crate::fleet::Answer;

/// Where the answer to a client goes.
pub(crate) type Reply = oneshot::Sender<Result<JobInfo, Error>>;

/// A letter to a driver.
#[derive(Debug)]
pub(crate) enum Mail {
    /// Something happened.
    Event(Event),
    /// An agent answers.
    Answer { agent: String, answer: Answer },
    /// A client wants another load.
    Change {
        change: Change,
        who: String,
        reply: Reply,
    },
    /// A client has new params.
    Params {
        params: String,
        who: String,
        reply: Reply,
    },
}

/// How many more agents may join a job now: the driver opens and closes it, the desk goes by it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Door(Arc<AtomicUsize>);

impl Door {
    /// So many may come.
    pub(crate) fn open(&self, room: usize) {
        self.0.store(room, Ordering::Release);
    }

    /// Nobody may come.
    pub(crate) fn close(&self) {
        self.open(0);
    }

    /// Whether somebody may come.
    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// Lets one in; false when there is no room.
    pub(crate) fn pass(&self) -> bool {
        let less = |room: usize| room.checked_sub(1);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less)
            .is_ok()
    }
}
