//! When a core looks at its released iterations, and what it decides of each: shared by all that starts load.

use std::cell::{Cell, RefCell};
use std::io;

use heavy_load::admission::{Admission, Decision, Released};

use super::slots::Slots;
use super::timer::Timer;
use crate::http::monotonic_ns;

/// The released iterations of one core, and the timer that wakes it for them.
#[derive(Debug)]
pub(crate) struct Pacer {
    core: usize,
    admission: RefCell<Admission>,
    timer: Timer,
    armed_ns: Cell<u64>,
    woken_ns: Cell<u64>,
}

impl Pacer {
    /// One without anything released, for the core of this index; `queues` lets due iterations wait for a slot. Must be
    /// called in the core's runtime.
    pub(crate) fn new(core: usize, queues: bool) -> io::Result<Self> {
        Ok(Self {
            core,
            admission: RefCell::new(Admission::new(queues)),
            timer: Timer::new()?,
            armed_ns: Cell::new(u64::MAX),
            woken_ns: Cell::new(0),
        })
    }

    /// Takes released iterations; `due` is on the monotonic clock.
    pub(crate) fn release(&self, workflow: usize, due: &[(u64, u64)]) {
        let mut admission = self.admission.borrow_mut();
        for &(n, due_ns) in due {
            admission.release(Released { workflow, n, due_ns });
        }
    }

    /// Waits until it is time to look; returns the instant.
    pub(crate) async fn woken(&self) -> u64 {
        self.timer
            .expired()
            .await
            .expect("a timer that exists can be awaited");
        let now_ns = monotonic_ns();
        self.armed_ns.set(u64::MAX);
        self.woken_ns.set(now_ns);
        now_ns
    }

    /// Decides everything that is due at `now_ns` and hands each decision to `carry_out`. An iteration of a workflow starts
    /// only if `has_one` says that the workflow has a user for it.
    pub(crate) fn look(
        &self,
        now_ns: u64,
        slots: &Slots,
        has_one: impl Fn(usize) -> bool,
        mut carry_out: impl FnMut(Decision),
    ) {
        loop {
            let decision = self
                .admission
                .borrow_mut()
                .decide(now_ns, |workflow| has_one(workflow) && slots.take());
            if let Some(decision) = decision {
                carry_out(decision);
                continue;
            }
            let (waiting, first) = {
                let admission = self.admission.borrow();
                (admission.waiting(), admission.first_waiting())
            };
            slots.set_waiting(self.core, waiting);
            // A slot that was returned before this core was known to wait would be overlooked.
            if waiting == 0 || !first.is_none_or(&has_one) || !slots.any_free() {
                break;
            }
        }
    }

    /// Forgets everything that is not yet due and returns how much that was; what waits for a slot is dropped. Call it
    /// after [`Self::look`].
    pub(crate) fn stop(&self, slots: &Slots, mut give_up: impl FnMut(Decision)) -> u64 {
        let mut admission = self.admission.borrow_mut();
        let withdrawn = admission.withdraw();
        while let Some(decision) = admission.give_up_waiting() {
            give_up(decision);
        }
        slots.set_waiting(self.core, 0);
        withdrawn
    }

    /// When the next iteration is due; `u64::MAX` if none is released.
    pub(crate) fn next_due_ns(&self) -> u64 {
        self.admission.borrow().next_due_ns().unwrap_or(u64::MAX)
    }

    /// How many due iterations wait for a slot.
    pub(crate) fn waiting(&self) -> usize {
        self.admission.borrow().waiting()
    }

    /// How many iterations are released and not yet due.
    pub(crate) fn ahead(&self) -> usize {
        self.admission.borrow().ahead()
    }

    /// Arms the timer for the next look, or for `other_ns` if that comes first.
    pub(crate) fn arm(&self, other_ns: Option<u64>) {
        let wake_ns = self.admission.borrow().next_wake_ns(self.woken_ns.get());
        if let Some(wake_ns) = wake_ns.into_iter().chain(other_ns).min()
            && wake_ns < self.armed_ns.get()
        {
            self.armed_ns.set(wake_ns);
            self.timer.arm(wake_ns).expect("a timer that exists can be armed");
        }
    }
}
