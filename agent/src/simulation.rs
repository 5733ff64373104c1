//! The parts of an agent that keep results, and its lease, for simulations: driven step by step, with the [disk](MemoryDisk) and
//! the time of a test. What is not here (processes, pipes, connections) is the simulation's own.

mod lease;
mod life;
mod share;
mod terms;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

pub use crate::deliver::simulated::{SessionEnd, SimulatedDelivery};
pub use crate::disk::memory::MemoryDisk;
pub use lease::AgentLease;
pub use life::{ShareEffect, ShareEvent};
pub use share::AgentShare;
pub use terms::ShareTerms;

use crate::data_dir::AgentPaths;
use crate::disk_quota::DiskQuota;
use crate::journal::drain::Appender;
use crate::recovery;

/// A disk that several parts use.
pub type SharedDisk = Rc<RefCell<MemoryDisk>>;

/// Sets the host of this thread: its disk, and the time since its boot.
pub fn set_host(disk: &SharedDisk, monotonic_ns: u64) {
    crate::disk::simulated::set_disk(Some(Rc::clone(disk)));
    crate::clock::set_ns(Some(monotonic_ns));
}

/// Gives this thread its own disk and time back.
pub fn leave_host() {
    crate::disk::simulated::set_disk(None);
    crate::clock::set_ns(None);
}

/// Makes the directories of an agent's data.
pub fn make_directories(disk: &mut MemoryDisk, root: &Path) {
    let paths = AgentPaths::new(root.to_owned());
    disk.make_directory(root);
    disk.make_directory(paths.spool());
    disk.make_directory(paths.journal());
}

/// What a new agent process does first: completes what earlier ones left, and delivers it.
#[must_use]
pub fn recover(root: &Path, limit_bytes: u64) -> Vec<SimulatedDelivery> {
    let quota = DiskQuota::new(limit_bytes);
    let spools = recovery::left_over(&AgentPaths::new(root.to_owned()), &quota);
    spools.into_iter().map(SimulatedDelivery::new).collect()
}

/// The process that holds the load test of an agent that is gone.
#[derive(Debug)]
pub struct SimulatedSupervisor(Appender);

impl SimulatedSupervisor {
    /// Takes over; `None` if the agent had no journal, or has removed it.
    #[must_use]
    pub fn take_over(root: &Path, job: &str, epoch: u32) -> Option<Self> {
        let journal = AgentPaths::new(root.to_owned()).journal();
        Appender::open(&journal.join(format!("{job}-{epoch}")))
            .ok()
            .map(Self)
    }

    /// Appends what is left of the output.
    pub fn append(&mut self, output: &[u8]) {
        self.0.append_output(output);
    }

    /// The load test has ended.
    pub fn ended(self) {
        self.0.ended();
    }
}
