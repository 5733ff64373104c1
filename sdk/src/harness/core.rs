//! One core: a thread with a runtime of its own, which starts iterations when they are due.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use heavy_model::admission::{Admission, Decision, Released};
use heavy_plugin::rpc::WhenFull;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::closed::ClosedUsers;
use super::iteration::Admitted;
use super::job::Job;
use super::results::Results;
use super::shared::Shared;
use super::timer::Timer;
use super::users::{Kind, Users};
use crate::http::{EngineConfig, HttpClient, monotonic_ns};
use crate::names::Names;

/// What one core has, and what its iterations share.
pub(crate) struct Core {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) job: Arc<Job>,
    pub(crate) client: Rc<dyn HttpClient>,
    pub(crate) params: RefCell<Vec<Arc<Value>>>,
    pub(crate) names: RefCell<Names>,
    pub(crate) results: Results,
    pub(crate) users: Users,
    pub(super) closed: ClosedUsers,
    /// Whether iterations are being cut off because grace is over.
    pub(crate) interrupting: Cell<bool>,
    interrupted: Cell<u64>,
    next_group: Cell<u64>,
    admission: RefCell<Admission>,
    timer: Timer,
    armed_ns: Cell<u64>,
    woken_ns: Cell<u64>,
    next_due_ns: Cell<u64>,
    running: RefCell<Running>,
    stopped: Cell<bool>,
    idle: Notify,
}

/// The tasks of the iterations that run, so that they can be cut off.
#[derive(Debug, Default)]
struct Running {
    tasks: Vec<Option<AbortHandle>>,
    free: Vec<usize>,
    count: usize,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Core").field(&self.index).finish()
    }
}

impl Core {
    /// A core with nothing to do. Must be called in its runtime.
    pub(crate) fn new(index: usize, shared: Arc<Shared>, job: Arc<Job>) -> io::Result<Rc<Self>> {
        let mut config = EngineConfig::default();
        config.max_connections = config.max_connections.max(job.max_in_flight as usize);
        config.keep_alive = !shared.options.close_requests;
        config.max_kept_body_bytes = MAX_KEPT_BODY_BYTES;
        let cores = shared.slots.cores();
        Ok(Rc::new(Self {
            index,
            client: (shared.options.http_client)(config),
            params: RefCell::new(job.params.clone()),
            names: RefCell::default(),
            results: Results::new(Arc::clone(&shared.writer), Arc::clone(&shared.workflows)),
            users: Users::new(job.agent_index, index, cores, job.fixed_users.clone()),
            closed: ClosedUsers::new(&job),
            interrupting: Cell::new(false),
            interrupted: Cell::new(0),
            next_group: Cell::new(FIRST_ITERATION_GROUP),
            admission: RefCell::new(Admission::new(job.when_full == WhenFull::Queue)),
            timer: Timer::new()?,
            armed_ns: Cell::new(u64::MAX),
            woken_ns: Cell::new(0),
            next_due_ns: Cell::new(u64::MAX),
            running: RefCell::default(),
            stopped: Cell::new(false),
            idle: Notify::new(),
            shared,
            job,
        }))
    }

    /// Takes released iterations; `due` is on the monotonic clock. Once stopped, it takes none.
    pub(crate) fn release(&self, lane: usize, due: &[(u64, u64)]) {
        if self.stopped.get() {
            return;
        }
        let mut admission = self.admission.borrow_mut();
        for &(n, due_ns) in due {
            admission.release(Released { lane, n, due_ns });
        }
        drop(admission);
        self.note_next_due();
        self.arm();
    }

    /// Takes users that start iterations by themselves; instants are on the monotonic clock.
    pub(crate) fn release_users(&self, lane: usize, users: &[(u64, u64, u64)]) {
        if !self.stopped.get() {
            self.closed.release(lane, users);
            self.note_next_due();
            self.arm();
        }
    }

    /// Wakes for every due iteration, as long as the process lives.
    pub(crate) async fn pace(self: Rc<Self>) {
        loop {
            self.timer
                .expired()
                .await
                .expect("a timer that exists can be awaited");
            let now_ns = monotonic_ns();
            self.armed_ns.set(u64::MAX);
            self.woken_ns.set(now_ns);
            self.look(now_ns);
            self.arm();
        }
    }

    /// Looks again whenever another core gave a slot back that an iteration here waits for.
    pub(crate) async fn take_freed_slots(self: Rc<Self>) {
        loop {
            self.shared.slots.freed(self.index).await;
            self.look(monotonic_ns());
        }
    }

    /// Starts or drops everything that is due at `now_ns`.
    pub(crate) fn look(self: &Rc<Self>, now_ns: u64) {
        let slots = &self.shared.slots;
        loop {
            let decision = self
                .admission
                .borrow_mut()
                .decide(now_ns, |lane| self.users.has_one(lane) && slots.take());
            match decision {
                Some(Decision::Start { released, waited }) => self.start(released, waited),
                Some(Decision::Drop { released, reason }) => {
                    self.results.dropped(released.lane, reason, released.n);
                }
                None => {
                    let waiting = self.admission.borrow().waiting();
                    slots.set_waiting(self.index, waiting);
                    // A slot that was given back before this core was known to wait would be overlooked.
                    let has_user = self
                        .admission
                        .borrow()
                        .first_waiting()
                        .is_none_or(|lane| self.users.has_one(lane));
                    if waiting == 0 || !has_user || !slots.any_free() {
                        break;
                    }
                }
            }
        }
        self.look_after_users(now_ns);
        self.note_next_due();
    }

    fn note_next_due(&self) {
        let due_ns = self.admission.borrow().next_due_ns().unwrap_or(u64::MAX);
        let of_users_ns = self.closed.next_wake_ns().unwrap_or(u64::MAX);
        self.next_due_ns.set(due_ns.min(of_users_ns));
    }

    fn start(self: &Rc<Self>, released: Released, waited: bool) {
        let slot_wait_ns = if waited {
            self.shared.slots.freed_ns().saturating_sub(released.due_ns)
        } else {
            0
        };
        let user = self.users.take(released.lane);
        self.begin(|place| Admitted {
            released,
            slot_wait_ns,
            place,
            user,
        });
    }

    /// Starts an iteration that has a slot; gives the place of its task.
    pub(super) fn begin(self: &Rc<Self>, admitted: impl FnOnce(usize) -> Admitted) -> usize {
        let place = self.running.borrow_mut().enter();
        let admitted = admitted(place);
        let runner = Arc::clone(&self.shared.workflows[admitted.released.lane].runner);
        let task = runner.start_iteration(Rc::clone(self), admitted);
        self.running.borrow_mut().tasks[place] = Some(task);
        place
    }

    /// Cuts one iteration off.
    pub(super) fn abort(&self, place: usize) {
        if let Some(Some(task)) = self.running.borrow().tasks.get(place) {
            task.abort();
        }
    }

    /// Takes note that the iteration at `place` is over at `now_ns`, and uses the occasion to start what is due: that
    /// costs no wake-up.
    pub(crate) fn ended(self: &Rc<Self>, place: usize, kind: Kind, interrupted: bool, now_ns: u64) {
        if interrupted {
            self.interrupted.set(self.interrupted.get() + 1);
        }
        let left = self.running.borrow_mut().leave(place);
        if let Kind::Round(place) = kind {
            self.closed.ended(place, now_ns);
            self.note_next_due();
        }
        self.shared.slots.give_back(self.index, now_ns);
        if left == 0 {
            self.idle.notify_waiters();
        }
        if now_ns >= self.next_due_ns.get() || self.admission.borrow().waiting() > 0 {
            self.look(now_ns);
            self.arm();
        }
    }

    /// Decides what is due, forgets the rest, takes nothing more; says how many it forgot.
    pub(crate) fn stop(self: &Rc<Self>) -> u64 {
        self.look(monotonic_ns());
        self.stopped.set(true);
        self.closed.stop();
        let mut admission = self.admission.borrow_mut();
        let withdrawn = admission.withdraw();
        while let Some(Decision::Drop { released, reason }) = admission.give_up_waiting() {
            self.results.dropped(released.lane, reason, released.n);
        }
        self.shared.slots.set_waiting(self.index, 0);
        self.next_due_ns.set(u64::MAX);
        withdrawn
    }

    /// Waits until no iteration runs.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.running.borrow().count == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Cuts off what runs and says how many iterations that were.
    pub(crate) async fn interrupt(&self) -> u64 {
        self.interrupting.set(true);
        let before = self.interrupted.get();
        let tasks: Vec<_> = self.running.borrow().tasks.iter().flatten().cloned().collect();
        for task in tasks {
            task.abort();
        }
        self.idle().await;
        self.interrupting.set(false);
        self.interrupted.get() - before
    }

    /// A group of connections that no other iteration has.
    pub(crate) fn new_group(&self) -> u64 {
        let group = self.next_group.get();
        self.next_group.set(group + 1);
        group
    }

    fn arm(&self) {
        let wake_ns = self.admission.borrow().next_wake_ns(self.woken_ns.get());
        let of_users_ns = self.closed.next_wake_ns();
        if let Some(wake_ns) = wake_ns.into_iter().chain(of_users_ns).min()
            && wake_ns < self.armed_ns.get()
        {
            self.armed_ns.set(wake_ns);
            self.timer.arm(wake_ns).expect("a timer that exists can be armed");
        }
    }
}

impl Running {
    fn enter(&mut self) -> usize {
        self.count += 1;
        self.free.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            self.tasks.len() - 1
        })
    }

    fn leave(&mut self, place: usize) -> usize {
        self.count -= 1;
        self.tasks[place] = None;
        self.free.push(place);
        self.count
    }
}

/// The most that is kept of an answer's body; what goes beyond is read and counted only.
const MAX_KEPT_BODY_BYTES: usize = 4 << 20;

/// Groups of iterations are apart from those of users, which have the numbers of the users.
const FIRST_ITERATION_GROUP: u64 = 1 << 63;
