//! The faults of a simulation: which there are, and when they come.

use crate::dice::Dice;
use crate::host::Death;
use crate::network::Weather;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Of a host: what dies in the middle of what its agent does next.
    Dies(usize, Death),
    /// Nothing runs on a host for this time, and its clocks go on.
    Freezes(usize, u64),
    /// A host is suspended: its monotonic clock stands still, that of the boot goes on.
    IsSuspended(usize, u64),
    /// A host's disk is full for this time.
    DiskFills(usize, u64),
    /// A load test dies.
    LoadTestDies(usize),
    CollectorDies,
    /// The database does not take anything for this time.
    DatabaseLeaves(u64),
    /// Nothing gets from an agent to the scheduler or back for this time.
    IsCutOff(usize, u64),
    /// A client stops the job, without grace or with it.
    ClientStops(bool),
    /// The network loses, doubles and reorders messages for this time.
    Storm(u64),
    /// All sessions break.
    SessionsBreak,
}

impl Fault {
    /// Any fault.
    pub(crate) fn any(dice: &mut Dice, hosts: usize) -> Self {
        let host = dice.place(hosts);
        let ms = 1_000_000;
        match dice.below(24) {
            0..=4 => Self::Dies(host, Death::Agent),
            5 => Self::Dies(host, Death::AgentAndSupervisor),
            6 => Self::Dies(host, Death::Power),
            7 => Self::Freezes(host, dice.between(20, 3000) * ms),
            8 => Self::IsSuspended(host, dice.between(20, 3000) * ms),
            9 => Self::DiskFills(host, dice.between(20, 1500) * ms),
            10 => Self::LoadTestDies(host),
            11..=13 => Self::CollectorDies,
            14 => Self::DatabaseLeaves(dice.between(20, 2000) * ms),
            15..=18 => Self::Storm(dice.between(100, 2000) * ms),
            19..=21 => Self::IsCutOff(host, dice.between(100, 4000) * ms),
            22 if dice.one_in(3) => Self::ClientStops(dice.one_in(2)),
            _ => Self::SessionsBreak,
        }
    }
}

/// The weather of a storm.
pub(crate) fn storm(dice: &mut Dice) -> Weather {
    let mut one_in = || {
        let one_in = dice.between(0, 12);
        if one_in < 3 { 0 } else { one_in }
    };
    Weather {
        loses: one_in(),
        doubles: one_in(),
        reorders: one_in(),
    }
}
