//! What comes to a job's driver, and the door through which agents may join its job.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_results::job::JobInfo;
use tokio::sync::oneshot;

use super::error::Error;
use super::event::Event;
use super::load_change::LoadChange;
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
        change: LoadChange,
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

/// How many more agents may join a job now, and which may not: the driver opens and closes it, the desk goes by it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Door(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    room: usize,
    /// Those who had their turn: results of two processes under one name could not be told apart.
    known: Vec<String>,
}

impl Door {
    /// So many may come who are not known.
    pub(crate) fn open(&self, room: usize, known: Vec<String>) {
        *self.lock() = Inside { room, known };
    }

    /// Nobody may come.
    pub(crate) fn close(&self) {
        self.lock().room = 0;
    }

    /// Lets one in; false when there is no room, or not for this one.
    pub(crate) fn pass(&self, agent: &str) -> bool {
        let mut inside = self.lock();
        let may = inside.room > 0 && !inside.known.iter().any(|known| known == agent);
        if may {
            inside.room -= 1;
            inside.known.push(agent.to_owned());
        }
        may
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_may_come_while_there_is_room() {
        let door = Door::default();
        assert!(!door.pass("a"));
        door.open(2, vec!["a".to_owned()]);
        assert!(!door.pass("a") && door.pass("b") && !door.pass("b") && door.pass("c") && !door.pass("d"));
        door.close();
        assert!(!door.pass("e"));
    }
}
