//! How listeners are notified: a bounded queue and a thread for each, which the pacing never waits for.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{CallError, DropReason, Event, Listener, Options};
use crate::harness::panics;

/// One notice to a listener.
#[derive(Debug, Clone)]
pub(super) enum Notice {
    Before(Event),
    After(Event, Result<(), CallError>),
    Canceled(Event, DropReason),
}

/// Notifies all listeners of a run; each thread has its own.
#[derive(Debug, Clone)]
pub(super) struct Announcer {
    queues: Vec<SyncSender<Notice>>,
    offered: Arc<AtomicU64>,
}

/// The listeners of a run, until it is over.
#[derive(Debug)]
pub(super) struct Audience {
    listeners: Vec<ListenerThread>,
    offered: Arc<AtomicU64>,
    grace: Duration,
}

/// One listener on its thread.
#[derive(Debug)]
struct ListenerThread {
    state: Arc<Mutex<ListenerState>>,
    /// Receives its result, once, when the listener is done.
    over: Receiver<Result<(), String>>,
}

#[derive(Debug, Default)]
struct ListenerState {
    delivered: u64,
    /// Whether the run is over without waiting for it.
    abandoned: bool,
}

/// How many notices were delivered, and the message of the first listener that failed.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) delivered: u64,
    pub(super) undelivered: u64,
    pub(super) failure: Option<String>,
}

impl Announcer {
    /// Whether anybody listens; without, there is no need to make notices.
    pub(super) fn has_listeners(&self) -> bool {
        !self.queues.is_empty()
    }

    /// Puts a notice into every queue that has room for it.
    pub(super) fn notify(&self, notice: &Notice) {
        self.offered
            .fetch_add(self.queues.len() as u64, Ordering::Relaxed);
        for queue in &self.queues {
            // What does not fit is counted: it was offered, and will not have been delivered.
            let _ = queue.try_send(notice.clone());
        }
    }
}

impl Audience {
    /// Starts a thread for every listener. They are done when all announcers are gone. `failed` is called with the
    /// reason when a listener fails, on that listener's thread.
    pub(super) fn open(
        options: &Options,
        failed: &Arc<dyn Fn(&str) + Send + Sync>,
    ) -> io::Result<(Announcer, Self)> {
        let mut announcer = Announcer {
            queues: Vec::new(),
            offered: Arc::default(),
        };
        let mut listeners = Vec::new();
        for listener in &options.listeners {
            let (queue, notices) = sync_channel(options.queue);
            let (done, over) = sync_channel(1);
            let state = Arc::<Mutex<ListenerState>>::default();
            let (listener, failed, of_thread) =
                (Arc::clone(listener), Arc::clone(failed), Arc::clone(&state));
            thread::Builder::new()
                .name("heavy-listener".to_owned())
                .spawn(move || {
                    let result = listen(&*listener, &notices, &of_thread);
                    drop(notices);
                    if let Err(message) = &result {
                        failed(message);
                    }
                    // Nothing waits for a listener that was abandoned.
                    let _ = done.send(result);
                })?;
            announcer.queues.push(queue);
            listeners.push(ListenerThread { state, over });
        }
        let audience = Self {
            listeners,
            offered: Arc::clone(&announcer.offered),
            grace: options.grace,
        };
        Ok((announcer, audience))
    }

    /// Waits until all listeners have flushed, no longer than the grace; then no more notices are delivered. All announcers
    /// must be gone.
    pub(super) fn close(self) -> Delivered {
        let began = Instant::now();
        let mut failure = None;
        let mut delivered = 0;
        for listener in self.listeners {
            let left = self.grace.saturating_sub(began.elapsed());
            let failed = match listener.over.recv_timeout(left) {
                Ok(result) => result.err(),
                Err(RecvTimeoutError::Timeout) => Some(format!("it did not end within {:?}", self.grace)),
                Err(RecvTimeoutError::Disconnected) => Some("its thread is gone".to_owned()),
            };
            failure = failure.or(failed);
            let mut state = lock(&listener.state);
            state.abandoned = true;
            delivered += state.delivered;
        }
        Delivered {
            delivered,
            undelivered: self.offered.load(Ordering::Relaxed) - delivered,
            failure,
        }
    }
}

/// The body of a listener's thread.
fn listen(
    listener: &dyn Listener,
    notices: &Receiver<Notice>,
    state: &Mutex<ListenerState>,
) -> Result<(), String> {
    while let Ok(notice) = notices.recv() {
        {
            let mut state = lock(state);
            if state.abandoned {
                return Ok(());
            }
            state.delivered += 1;
        }
        caught(|| give(listener, &notice))?;
    }
    caught(|| listener.flush())?.map_err(|error| format!("cannot flush: {error:#}"))
}

fn give(listener: &dyn Listener, notice: &Notice) {
    match notice {
        Notice::Before(event) => listener.before(event),
        Notice::After(event, result) => listener.after(event, result),
        Notice::Canceled(event, reason) => listener.canceled(event, *reason),
    }
}

fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| panics::message(&*payload))
}

fn lock(state: &Mutex<ListenerState>) -> MutexGuard<'_, ListenerState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
