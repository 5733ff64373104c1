//! One core: a thread with a runtime of its own, which starts iterations when they are due.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use heavy_load::admission::{Decision, DropReason, Released};
use heavy_load::rounds::UserAction;
use heavy_load::vocabulary::{Connections, WhenFull};

use super::closed::ClosedUsers;
use super::iteration::{Admits, Admitted};
use super::job::Job;
use super::lease;
use super::pacer::Pacer;
use super::resources::Resources;
use super::results::Results;
use super::running::RunningTasks;
use super::shared::Shared;
use super::tasks::Tasks;
use super::users::{Kind, User, UserPool};
use super::workflow::Workflow;
use crate::http::{EngineConfig, duration_ns, monotonic_ns};

/// One core: its users, its timer, its tasks, and what its iterations share.
pub(crate) struct Core {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) resources: Rc<Resources>,
    pub(crate) users: UserPool,
    pub(crate) closed: ClosedUsers,
    interrupted: Cell<u64>,
    next_group: Cell<u64>,
    pacer: Pacer,
    next_due_ns: Cell<u64>,
    running: RunningTasks,
    tasks: Rc<Tasks<Admitted>>,
    stopped: Cell<bool>,
    /// Whether the lease was over when it last looked.
    past_lease: Cell<bool>,
}

impl Core {
    /// A core with nothing to do. Must be called in its runtime.
    pub(crate) fn new(index: usize, shared: Arc<Shared>, job: Arc<Job>) -> io::Result<Rc<Self>> {
        let mut config = EngineConfig::default();
        config.max_connections = config.max_connections.max(job.max_in_flight as usize);
        config.keep_alive = !shared.options.close_requests;
        config.max_kept_body_bytes = MAX_KEPT_BODY_BYTES;
        let cores = shared.slots.cores();
        let names = shared.workflows.iter().map(|workflow| workflow.name.clone());
        let resources = Resources {
            workflows: shared.workflows.iter().map(Workflow::named).collect(),
            client: (shared.options.http_client)(config),
            cookies: shared.options.cookies,
            request_id_header: shared.options.request_id_header.clone(),
            params: RefCell::new(job.params.clone()),
            names: RefCell::default(),
            results: Results::new(Arc::clone(&shared.writer), names.collect()),
            observer: shared.options.observer.clone(),
            interrupting: Cell::new(false),
            data_ended: Arc::clone(&shared.data_ended),
            job: Arc::clone(&job),
        };
        Ok(Rc::new(Self {
            index,
            resources: Rc::new(resources),
            users: UserPool::new(job.agent_index, index, cores, job.fixed_users.clone()),
            closed: ClosedUsers::new(job.closed.clone()),
            interrupted: Cell::new(0),
            next_group: Cell::new(FIRST_ITERATION_GROUP),
            pacer: Pacer::new(index, job.when_full == WhenFull::Queue)?,
            next_due_ns: Cell::new(u64::MAX),
            running: RunningTasks::default(),
            tasks: Rc::default(),
            stopped: Cell::new(false),
            past_lease: Cell::new(false),
            shared,
        }))
    }

    /// Takes released iterations; `due` is on the monotonic clock. Once stopped, it takes none.
    pub(crate) fn release(&self, workflow: usize, due: &[(u64, u64)]) {
        if self.stopped.get() {
            return;
        }
        self.pacer.release(workflow, due);
        self.note_next_due();
        self.arm();
    }

    /// Takes users that start iterations by themselves; instants are on the monotonic clock.
    pub(crate) fn release_users(&self, workflow: usize, users: &[(u64, u64, u64)]) {
        if !self.stopped.get() {
            self.closed.release(workflow, users);
            self.note_next_due();
            self.arm();
        }
    }

    /// Wakes for every due iteration, as long as the process lives.
    pub(crate) async fn pace(self: Rc<Self>) {
        loop {
            let now_ns = self.pacer.woken().await;
            self.look(now_ns);
            self.arm();
        }
    }

    /// Looks again whenever another core returned a slot that an iteration here waits for.
    pub(crate) async fn take_freed_slots(self: Rc<Self>) {
        loop {
            self.shared.slots.freed(self.index).await;
            self.look(monotonic_ns());
        }
    }

    /// Starts or drops everything that is due at `now_ns`. Past the lease nothing starts: what is due is late.
    pub(crate) fn look(self: &Rc<Self>, now_ns: u64) {
        let is_over = self.shared.lease.is_over(now_ns);
        self.past_lease.set(is_over);
        let has_user = |workflow| !is_over && self.users.has_one(workflow);
        self.pacer
            .look(now_ns, &self.shared.slots, has_user, |decision| match decision {
                Decision::Start { released, waited } => self.start(released, waited),
                Decision::Drop { released, reason } => {
                    let reason = if is_over { DropReason::Late } else { reason };
                    self.resources
                        .results
                        .dropped(released.workflow, reason, released.n);
                }
            });
        if !is_over {
            self.look_after_users(now_ns);
        }
        self.note_next_due();
    }

    fn note_next_due(&self) {
        let of_users_ns = self.closed.next_wake_ns().unwrap_or(u64::MAX);
        self.next_due_ns.set(self.pacer.next_due_ns().min(of_users_ns));
    }

    fn start(self: &Rc<Self>, released: Released, waited: bool) {
        let slot_wait_ns = if waited {
            self.shared.slots.freed_ns().saturating_sub(released.due_ns)
        } else {
            0
        };
        let user = self.users.take(released.workflow);
        self.begin(released, slot_wait_ns, user);
    }

    /// Starts what users are to start at `now_ns`, and cuts off what has used its grace up.
    fn look_after_users(self: &Rc<Self>, now_ns: u64) {
        while let Some(step) = self.closed.decide(now_ns) {
            match step {
                UserAction::Start {
                    place,
                    workflow,
                    user,
                    n,
                    due_ns,
                    free_ns,
                } => {
                    self.shared.slots.occupy();
                    let user = self.closed.user(place, workflow, user);
                    let task = self.begin(Released { workflow, n, due_ns }, free_ns - due_ns, user);
                    self.closed.runs(place, task);
                }
                UserAction::CutOff { place } => {
                    if let Some(task) = self.closed.cut_off(place) {
                        self.running.abort(task);
                    }
                }
            }
        }
    }

    /// Starts an iteration that has a slot; returns the place of its task.
    fn begin(self: &Rc<Self>, released: Released, slot_wait_ns: u64, user: Rc<User>) -> usize {
        let place = self.running.enter();
        let workflow = released.workflow;
        let group = match self.resources.job.connections {
            Connections::Shared => None,
            Connections::PerUser => Some(user.group()),
            Connections::PerIteration => Some(self.new_group()),
        };
        let admitted = Admitted {
            released,
            slot_wait_ns,
            place,
            user,
            group,
            resources: Rc::clone(&self.resources),
            core: Rc::<Self>::clone(self),
        };
        let task = self.tasks.run(workflow, admitted, |receiver| {
            Arc::clone(&self.shared.workflows[workflow].runner).start_task(receiver)
        });
        if let Some(task) = task {
            self.running.set(place, task);
        }
        place
    }

    /// Decides what is due, forgets the rest, and takes nothing more. Returns how many it forgot.
    pub(crate) fn stop(self: &Rc<Self>) -> u64 {
        self.look(monotonic_ns());
        self.stopped.set(true);
        self.closed.stop();
        let withdrawn = self.pacer.stop(&self.shared.slots, |decision| {
            if let Decision::Drop { released, reason } = decision {
                self.resources
                    .results
                    .dropped(released.workflow, reason, released.n);
            }
        });
        self.next_due_ns.set(u64::MAX);
        withdrawn
    }

    /// Waits until no iteration runs.
    pub(crate) async fn idle(&self) {
        self.running.idle().await;
    }

    /// Cuts off running iterations and returns how many there were.
    pub(crate) async fn interrupt(&self) -> u64 {
        self.resources.interrupting.set(true);
        let before = self.interrupted.get();
        self.running.abort_all();
        self.idle().await;
        self.resources.interrupting.set(false);
        self.interrupted.get() - before
    }

    /// A group of connections that no other iteration has.
    fn new_group(&self) -> u64 {
        let group = self.next_group.get();
        self.next_group.set(group + 1);
        group
    }

    fn arm(&self) {
        let mut next_ns = self.closed.next_wake_ns();
        if self.past_lease.get() {
            // Users that are due wait for a longer lease.
            let again_ns = monotonic_ns() + duration_ns(lease::LOOK);
            next_ns = next_ns.map(|next_ns| next_ns.max(again_ns));
        }
        self.pacer.arm(next_ns);
    }
}

impl Admits for Core {
    /// Also starts what is due, which saves a wake-up.
    fn ended(self: Rc<Self>, place: usize, user: &Rc<User>, interrupted: bool, now_ns: u64) {
        self.users.give_back(Rc::clone(user));
        if interrupted {
            self.interrupted.set(self.interrupted.get() + 1);
        }
        self.running.leave(place);
        if let Kind::Round(place) = user.kind {
            self.closed.ended(place, now_ns);
            self.note_next_due();
            self.arm();
        }
        self.shared.slots.give_back(self.index, now_ns);
        if now_ns >= self.next_due_ns.get() || self.pacer.waiting() > 0 {
            self.look(now_ns);
            self.arm();
        }
    }
}

/// Maximum number of bytes kept of a response body; the rest is only read and counted.
const MAX_KEPT_BODY_BYTES: usize = 4 << 20;

/// The groups of iterations, which the groups of users never reach.
const FIRST_ITERATION_GROUP: u64 = 1 << 63;
