//! The tasks that run the iterations of one core, one after the other. A task for each iteration would cost an aligned
//! allocation of all that an iteration holds, every time, and glibc has no cache for those.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use tokio::task::AbortHandle;

use super::core::Core;
use super::iteration::{Admitted, cut_off_at_once};

/// So many tasks of a core may rest at once; more end with their iterations.
const MAX_RESTING: usize = 1_024;

/// The tasks of a core that have nothing to run.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// For each workflow; the one that ran last is last, and is taken first.
    resting: RefCell<Vec<Vec<Rc<Desk>>>>,
    count: Cell<usize>,
}

/// Where a task finds its next iteration.
#[derive(Default)]
struct Desk {
    next: Cell<Option<Admitted>>,
    waker: Cell<Option<Waker>>,
    task: RefCell<Option<AbortHandle>>,
    /// Whether the task was dropped.
    gone: Cell<bool>,
}

/// A task's hold on its desk.
pub(crate) struct Seat {
    pub(crate) core: Rc<Core>,
    lane: usize,
    desk: Rc<Desk>,
}

impl Core {
    /// Starts an iteration that has a slot; gives its place among those that run.
    pub(super) fn begin(self: &Rc<Self>, admitted: impl FnOnce(usize) -> Admitted) -> usize {
        let place = self.running.enter();
        let admitted = admitted(place);
        let lane = admitted.released.lane;
        let desk = match self.tasks.take(lane) {
            Some(desk) => {
                desk.put(admitted);
                desk
            }
            None => self.start_task(lane, admitted),
        };
        if let Some(task) = &*desk.task.borrow() {
            self.running.set(place, task.clone());
        }
        place
    }

    fn start_task(self: &Rc<Self>, lane: usize, first: Admitted) -> Rc<Desk> {
        let desk = Rc::new(Desk::default());
        desk.put(first);
        let seat = Seat {
            core: Rc::clone(self),
            lane,
            desk: Rc::clone(&desk),
        };
        let runner = Arc::clone(&self.shared.workflows[lane].runner);
        *desk.task.borrow_mut() = Some(runner.start_task(seat));
        desk
    }
}

impl Tasks {
    fn take(&self, lane: usize) -> Option<Rc<Desk>> {
        let mut resting = self.resting.borrow_mut();
        loop {
            let desk = resting.get_mut(lane)?.pop()?;
            self.count.set(self.count.get() - 1);
            if !desk.gone.get() {
                return Some(desk);
            }
        }
    }

    fn rest(&self, lane: usize, desk: &Rc<Desk>) -> bool {
        if self.count.get() >= MAX_RESTING {
            return false;
        }
        self.count.set(self.count.get() + 1);
        let mut resting = self.resting.borrow_mut();
        if resting.len() <= lane {
            resting.resize_with(lane + 1, Vec::new);
        }
        resting[lane].push(Rc::clone(desk));
        true
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("gone", &self.gone)
            .finish_non_exhaustive()
    }
}

impl Desk {
    fn put(&self, admitted: Admitted) {
        self.next.set(Some(admitted));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Seat {
    /// The next iteration.
    pub(crate) async fn next(&self) -> Admitted {
        poll_fn(|task| match self.desk.next.take() {
            Some(admitted) => Poll::Ready(admitted),
            None => {
                self.desk.waker.set(Some(task.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }

    /// Offers the task for another iteration. If enough others rest already, there will be none.
    pub(crate) fn rest(&self) -> bool {
        self.core.tasks.rest(self.lane, &self.desk)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.desk.gone.set(true);
        // Whatever was started has an outcome.
        if let Some(admitted) = self.desk.next.take() {
            cut_off_at_once(&self.core, admitted);
        }
    }
}
