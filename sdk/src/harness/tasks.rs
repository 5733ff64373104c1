//! The tasks that run the iterations of one core, each one iteration after the other. A task for each iteration would cost an aligned
//! allocation of all that an iteration holds, every time, and glibc has no cache for those.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use tokio::task::AbortHandle;

/// Maximum number of idle tasks of a core; further ones end with their iterations.
const MAX_RESTING: usize = 1_024;

/// The idle tasks of a core.
pub(crate) struct Tasks<T> {
    /// For each workflow; the one that ran last is last, and is taken first.
    resting: RefCell<Vec<Vec<Rc<WorkInbox<T>>>>>,
    count: Cell<usize>,
}

/// What a task runs.
pub(crate) trait Runnable {
    /// Reports that it was cut off before it ran.
    fn cut_off_at_once(self);
}

/// Where a task finds its next iteration.
struct WorkInbox<T> {
    next: Cell<Option<T>>,
    waker: Cell<Option<Waker>>,
    task: RefCell<Option<AbortHandle>>,
    /// Whether the task was dropped.
    gone: Cell<bool>,
}

/// A task's end of its inbox.
pub(crate) struct WorkReceiver<T: Runnable> {
    tasks: Rc<Tasks<T>>,
    workflow: usize,
    inbox: Rc<WorkInbox<T>>,
}

impl<T> Default for Tasks<T> {
    fn default() -> Self {
        Self {
            resting: RefCell::default(),
            count: Cell::new(0),
        }
    }
}

impl<T: Runnable> Tasks<T> {
    /// Passes work of a workflow to an idle task, or to a new one from `start`; returns the task.
    pub(crate) fn run(
        self: &Rc<Self>,
        workflow: usize,
        work: T,
        start: impl FnOnce(WorkReceiver<T>) -> AbortHandle,
    ) -> Option<AbortHandle> {
        let inbox = match self.take(workflow) {
            Some(inbox) => {
                inbox.put(work);
                inbox
            }
            None => {
                let inbox = Rc::new(WorkInbox::new(work));
                let receiver = WorkReceiver {
                    tasks: Rc::clone(self),
                    workflow,
                    inbox: Rc::clone(&inbox),
                };
                *inbox.task.borrow_mut() = Some(start(receiver));
                inbox
            }
        };
        let task = inbox.task.borrow();
        task.clone()
    }

    fn take(&self, workflow: usize) -> Option<Rc<WorkInbox<T>>> {
        let mut resting = self.resting.borrow_mut();
        loop {
            let inbox = resting.get_mut(workflow)?.pop()?;
            self.count.set(self.count.get() - 1);
            if !inbox.gone.get() {
                return Some(inbox);
            }
        }
    }

    fn rest(&self, workflow: usize, inbox: &Rc<WorkInbox<T>>) -> bool {
        if self.count.get() >= MAX_RESTING {
            return false;
        }
        self.count.set(self.count.get() + 1);
        let mut resting = self.resting.borrow_mut();
        if resting.len() <= workflow {
            resting.resize_with(workflow + 1, Vec::new);
        }
        resting[workflow].push(Rc::clone(inbox));
        true
    }
}

impl<T> WorkInbox<T> {
    fn new(first: T) -> Self {
        Self {
            next: Cell::new(Some(first)),
            waker: Cell::new(None),
            task: RefCell::new(None),
            gone: Cell::new(false),
        }
    }

    fn put(&self, work: T) {
        self.next.set(Some(work));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl<T: Runnable> WorkReceiver<T> {
    pub(crate) async fn next(&self) -> T {
        poll_fn(|task| match self.inbox.next.take() {
            Some(work) => Poll::Ready(work),
            None => {
                self.inbox.waker.set(Some(task.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }

    /// Offers the task for another iteration. Returns false if there are enough idle tasks: then this one ends.
    pub(crate) fn rest(&self) -> bool {
        self.tasks.rest(self.workflow, &self.inbox)
    }
}

impl<T: Runnable> Drop for WorkReceiver<T> {
    fn drop(&mut self) {
        self.inbox.gone.set(true);
        // Whatever was started has an outcome.
        if let Some(work) = self.inbox.next.take() {
            work.cut_off_at_once();
        }
    }
}
