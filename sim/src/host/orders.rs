//! What a host's agent makes of the scheduler's messages. It prepares one assignment at a time: the next one waits until the results
//! of the one before are delivered.

use std::io;

use heavy_agent::simulation::{ShareEvent, ShareTerms};
use heavy_proto::v1::from_agent::Message as Said;
use heavy_proto::v1::to_agent::Message as Heard;
use heavy_proto::v1::{Assign, AssignmentState, Start, Stop};

use super::{AgentProcess, Host};
use crate::dice::Dice;
use crate::facts::BEGINNING_WALL_NS;
use crate::link::{REGISTRATION, update};

impl Host {
    /// Whether nothing of jobs is left.
    pub(crate) fn is_idle(&self) -> bool {
        self.process.as_ref().is_some_and(|process| {
            process.share.is_none() && process.assigned.is_none() && process.couriers.is_empty()
        })
    }

    /// The scheduler has answered a registration or a heartbeat; what the agent says then.
    pub(crate) fn answered(&mut self, now_ns: u64, number: u64) -> Vec<Said> {
        let sent_ns = self
            .process
            .as_mut()
            .and_then(|process| process.link.answered(number));
        let has_lapsed = sent_ns.is_some_and(|sent_ns| self.renew(sent_ns, now_ns));
        let Some(process) = &mut self.process else {
            return Vec::new();
        };
        let mut said = Vec::new();
        if number == REGISTRATION {
            process.link.is_registered = true;
            said = process.link.said();
        }
        // Others have had its load since.
        if let Some(assign) = process.assigned.take_if(|_| has_lapsed) {
            said.push(update(&assign.job, assign.epoch, AssignmentState::Finished));
        }
        said
    }

    /// The scheduler wants something; what the agent says then.
    pub(crate) fn obey(&mut self, now_ns: u64, order: Heard, dice: &mut Dice) -> io::Result<Vec<Said>> {
        let mut said = Vec::new();
        // A thawed agent gives its load up before it hears that others have it.
        if let Some(lost) = self.lost_lease(now_ns) {
            said = self.on(lost, dice)?;
        }
        let Some(process) = &mut self.process else {
            return Ok(said);
        };
        match order {
            Heard::Assign(assign) if process.newest(&assign.job) < assign.epoch => {
                said.push(update(&assign.job, assign.epoch, AssignmentState::Preparing));
                process.assigned = Some(assign);
            }
            Heard::Revise(revise) => {
                let is_own = process.newest(&revise.job) > 0;
                if let Some(assign) = process.assigned_of(&revise.job) {
                    assign.revision = revise.revision;
                } else if let Some(share) = process.share.as_mut().filter(|_| is_own) {
                    said.extend(share.revise(revise).map(Said::Revised));
                }
            }
            Heard::Start(Start { job, start_wall_ns }) => {
                let is_own = process.assigned_of(&job).is_none() && process.newest(&job) > 0;
                if is_own && self.start_monotonic_ns.is_none() {
                    said.extend(self.begin(now_ns, start_wall_ns - BEGINNING_WALL_NS, dice)?);
                }
            }
            Heard::Stop(Stop {
                job,
                grace_ns,
                end_ns,
            }) => {
                if process.assigned_of(&job).is_some() {
                    let assign = process.assigned.take().unwrap_or_default();
                    said.push(update(&job, assign.epoch, AssignmentState::Finished));
                } else if process.newest(&job) > 0 {
                    said.extend(self.on(ShareEvent::Stop { grace_ns, end_ns }, dice)?);
                }
            }
            _ => {}
        }
        Ok(said)
    }

    /// The agent prepares what it was assigned, if nothing is in its way; what it says then. An error is that of its disk.
    pub(crate) fn prepare_assigned(&mut self) -> Option<io::Result<Said>> {
        let process = self.process.as_mut().filter(|process| process.share.is_none())?;
        let assign = process.assigned.take()?;
        let (job, epoch) = (assign.job.clone(), assign.epoch);
        let terms = ShareTerms::read(assign, &self.name, "w", self.limit_bytes)?;
        let state = match self.prepare(terms) {
            Ok(()) => AssignmentState::Prepared,
            Err(error) if error.kind() == io::ErrorKind::StorageFull => AssignmentState::Failed,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(update(&job, epoch, state)))
    }

    fn begin(&mut self, now_ns: u64, start_ns: u64, dice: &mut Dice) -> io::Result<Vec<Said>> {
        let start_monotonic_ns = self.monotonic_ns(now_ns).saturating_add(start_ns) - now_ns;
        let event = ShareEvent::Start {
            start_ns: start_monotonic_ns,
            wall_ns: self.wall_ns(now_ns),
        };
        let said = self.on(event, dice)?;
        self.start_monotonic_ns = Some(start_monotonic_ns);
        if let Some((_, load_test)) = &mut self.load_test {
            load_test.start(start_ns);
        }
        Ok(said)
    }

    /// The assignment could not go on; what the agent says then.
    pub(crate) fn fails(&mut self) -> Option<Said> {
        let share = self.process.as_mut()?.share.take()?;
        self.put_ledger_away();
        let (job, epoch) = share.attempt();
        Some(update(job, epoch, AssignmentState::Failed))
    }
}

impl AgentProcess {
    /// The newest attempt at a job that it holds; 0 if there is none.
    fn newest(&self, job: &str) -> u32 {
        let share = self.share.as_ref().map(|share| share.attempt());
        let assigned = self.assigned.as_ref().map(|assign| (&*assign.job, assign.epoch));
        let held = [share, assigned].into_iter().flatten();
        let newest = held.filter(|(of, _)| *of == job).map(|(_, epoch)| epoch).max();
        newest.unwrap_or(0)
    }

    fn assigned_of(&mut self, job: &str) -> Option<&mut Assign> {
        self.assigned.as_mut().filter(|assign| assign.job == job)
    }
}
