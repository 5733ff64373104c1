//! One thread of a run: starts the calls of its part when they are due, and waits for them.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::admission::{Decision, Released};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{Notify, watch};

use super::announce::{Announcer, Notice};
use super::call::{Call, CallOwner, OpenCall};
use super::plan::PlanPart;
use super::run::{StopAt, TargetRun};
use super::{CallError, Event, Report, WhenFull};
use crate::beside::beside;
use crate::harness::ahead::{LEAD_NS, RELEASE_EVERY};
use crate::harness::pacer::Pacer;
use crate::harness::running::RunningTasks;
use crate::http::{duration_ns, monotonic_ns};

/// Maximum number of calls of one thread that are released and not yet due.
const MOST_AHEAD: usize = 1 << 20;

/// One thread of a run.
pub(super) struct CallCore {
    run: Arc<TargetRun>,
    tally: RefCell<Report>,
    announcer: Announcer,
    index: usize,
    pacer: Pacer,
    part: RefCell<PlanPart>,
    running: RunningTasks,
    /// Notified when everything that was released is decided.
    settled: Notify,
    stopped: Cell<bool>,
}

/// The body of a thread: makes its calls and returns what it counted.
pub(super) fn work(index: usize, run: &Arc<TargetRun>, announcer: Announcer) -> io::Result<Report> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    let tally = runtime.block_on(async {
        let core = CallCore::new(index, Arc::clone(run), announcer)?;
        let pacing = beside(Rc::clone(&core).pace());
        let taking = beside(Rc::clone(&core).take_freed_slots());
        core.work().await;
        pacing.abort();
        taking.abort();
        Ok(core.tally.take())
    });
    // A target may have left a blocking call behind, which nobody waits for.
    runtime.shutdown_background();
    tally
}

impl CallCore {
    fn new(index: usize, run: Arc<TargetRun>, announcer: Announcer) -> io::Result<Rc<Self>> {
        let threads = run.slots.cores();
        Ok(Rc::new(Self {
            tally: RefCell::default(),
            announcer,
            index,
            pacer: Pacer::new(index, run.options.when_full == WhenFull::Queue)?,
            part: RefCell::new(run.plan.part(index as u32, threads as u32)),
            running: RunningTasks::default(),
            settled: Notify::new(),
            stopped: Cell::new(false),
            run,
        }))
    }

    async fn work(self: &Rc<Self>) {
        let mut stops = self.run.stops();
        let stopped = async { drop(stops.wait_for(Option::is_some).await) };
        let mut deadline_ns = None;
        tokio::select! {
            biased;
            () = stopped => {}
            () = self.release() => {
                let grace_ns = duration_ns(self.run.options.grace);
                // A force has no end but that of its calls.
                deadline_ns = self.run.plan.duration_ns().map(|_| monotonic_ns().saturating_add(grace_ns));
            }
        }
        self.stop();
        self.wait_out(&mut stops, deadline_ns).await;
    }

    /// Releases what is due a little ahead, until everything is due and decided.
    async fn release(&self) {
        loop {
            let until_ns = (monotonic_ns() + LEAD_NS).saturating_sub(self.run.start_ns);
            self.release_before(until_ns);
            if self.part.borrow().left() == 0 {
                break;
            }
            tokio::time::sleep(RELEASE_EVERY).await;
        }
        if let Some(duration_ns) = self.run.plan.duration_ns() {
            let end_ns = self.run.start_ns + duration_ns;
            tokio::time::sleep(Duration::from_nanos(end_ns.saturating_sub(monotonic_ns()))).await;
        } else {
            while !self.is_settled() {
                self.settled.notified().await;
            }
        }
    }

    fn release_before(&self, until_ns: u64) {
        let room = MOST_AHEAD.saturating_sub(self.pacer.ahead());
        let mut due = self.part.borrow_mut().take_before(until_ns, room);
        if due.is_empty() {
            return;
        }
        for (_, due_ns) in &mut due {
            *due_ns += self.run.start_ns;
        }
        self.pacer.release(0, &due);
        self.pacer.arm(None);
    }

    fn is_settled(&self) -> bool {
        self.pacer.ahead() == 0 && self.pacer.waiting() == 0
    }

    async fn pace(self: Rc<Self>) {
        loop {
            let now_ns = self.pacer.woken().await;
            self.look(now_ns);
            self.pacer.arm(None);
        }
    }

    async fn take_freed_slots(self: Rc<Self>) {
        loop {
            self.run.slots.freed(self.index).await;
            self.look(monotonic_ns());
        }
    }

    /// Starts or cancels everything that is due at `now_ns`.
    fn look(self: &Rc<Self>, now_ns: u64) {
        self.pacer.look(
            now_ns,
            &self.run.slots,
            |_| true,
            |decision| self.carry_out(decision),
        );
        if self.is_settled() {
            self.settled.notify_one();
        }
    }

    fn carry_out(self: &Rc<Self>, decision: Decision) {
        match decision {
            Decision::Start { released, waited } => self.start(released, waited),
            Decision::Drop { released, reason } => {
                self.tally.borrow_mut().count_canceled(reason);
                if self.announcer.has_listeners() {
                    let event = self.event(released, None, None);
                    self.announcer.notify(&Notice::Canceled(event, reason));
                }
            }
        }
    }

    fn start(self: &Rc<Self>, released: Released, waited: bool) {
        let slot_wait_ns = if waited {
            self.run.slots.freed_ns().saturating_sub(released.due_ns)
        } else {
            0
        };
        let place = self.running.enter();
        let call = Call {
            released,
            slot_wait_ns,
            place,
        };
        let open = OpenCall::new(Rc::clone(self) as Rc<dyn CallOwner>, call);
        let task = Arc::clone(&self.run.target).start(open);
        self.running.set(place, task);
    }

    /// Takes note that the call at `place` is over at `now_ns`, and uses the occasion to start what is due.
    fn left(self: &Rc<Self>, place: usize, now_ns: u64) {
        self.running.leave(place);
        self.run.slots.give_back(self.index, now_ns);
        let is_due = now_ns >= self.pacer.next_due_ns() || self.pacer.waiting() > 0;
        if is_due && !self.stopped.get() {
            self.look(now_ns);
            self.pacer.arm(None);
        }
    }

    /// An event of this run; its instants count from the start.
    fn event(&self, released: Released, started_ns: Option<u64>, ended_ns: Option<u64>) -> Event {
        let since = |at_ns: u64| Duration::from_nanos(at_ns.saturating_sub(self.run.start_ns));
        Event {
            worker: Arc::clone(&self.run.options.name),
            n: released.n,
            scheduled: since(released.due_ns),
            started: started_ns.map(since),
            ended: ended_ns.map(since),
        }
    }

    /// Decides what is due, forgets the rest, and starts nothing more.
    fn stop(self: &Rc<Self>) {
        let now_ns = monotonic_ns();
        self.release_before((now_ns + 1).saturating_sub(self.run.start_ns));
        self.look(now_ns);
        self.stopped.set(true);
        let withdrawn = self
            .pacer
            .stop(&self.run.slots, |decision| self.carry_out(decision));
        let unreleased = self.part.borrow().left();
        self.tally.borrow_mut().withdrawn += withdrawn + unreleased;
    }

    /// Waits until nothing runs; what still does at the deadline, or at that of a stop if it comes sooner, is cut off.
    async fn wait_out(&self, stops: &mut watch::Receiver<Option<StopAt>>, deadline_ns: Option<u64>) {
        loop {
            let stop_ns = stops.borrow_and_update().map(|stop| stop.deadline_ns);
            let deadline_ns = stop_ns.into_iter().chain(deadline_ns).min();
            tokio::select! {
                biased;
                () = self.running.idle() => return,
                changed = stops.changed() => changed.expect("this thread holds the run, which holds the sender"),
                () = until(deadline_ns) => break,
            }
        }
        self.running.abort_all();
        self.running.idle().await;
    }
}

impl CallOwner for CallCore {
    fn began(&self, call: &Call, started_ns: u64) {
        let lag_ns = started_ns.saturating_sub(call.released.due_ns);
        self.tally
            .borrow_mut()
            .count_start(lag_ns.saturating_sub(call.slot_wait_ns));
        if self.announcer.has_listeners() {
            let event = self.event(call.released, Some(started_ns), None);
            self.announcer.notify(&Notice::Before(event));
        }
    }

    fn ended(self: Rc<Self>, call: &Call, started_ns: u64, result: Result<(), CallError>) {
        let ended_ns = monotonic_ns();
        self.tally.borrow_mut().count_end(ended_ns - started_ns, &result);
        self.run.ended(&result);
        if self.announcer.has_listeners() {
            let event = self.event(call.released, Some(started_ns), Some(ended_ns));
            self.announcer.notify(&Notice::After(event, result));
        }
        self.left(call.place, ended_ns);
    }
}

async fn until(deadline_ns: Option<u64>) {
    match deadline_ns {
        Some(at_ns) => tokio::time::sleep(Duration::from_nanos(at_ns.saturating_sub(monotonic_ns()))).await,
        None => std::future::pending().await,
    }
}
