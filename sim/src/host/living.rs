//! The assignment of a host's agent: what happens to it, and what follows for its load test.

use std::io;

use heavy_agent::simulation::{AgentShare, ShareEffect, ShareEvent, ShareTerms};
use heavy_proto::v1::AssignmentState;
use heavy_proto::v1::from_agent::Message as Said;

use super::Host;
use crate::courier::Courier;
use crate::dice::Dice;
use crate::facts::Attempt;
use crate::link::update;
use crate::load_test::LoadTest;

impl Host {
    /// The agent takes an assignment and starts a load test.
    pub(crate) fn prepare(&mut self, terms: ShareTerms) -> io::Result<()> {
        let attempt = Attempt::new(&terms.job, terms.epoch);
        if let Some(process) = &mut self.process {
            process.share = Some(AgentShare::prepare(&self.root, terms, &process.lease)?);
            (self.cleans_up, self.ends, self.has_exited, self.is_lease_lost) = (false, false, false, false);
            (self.has_lapsed, self.start_monotonic_ns) = (false, None);
            self.put_ledger_away();
            self.load_test = Some((attempt, LoadTest::new()));
        }
        Ok(())
    }

    /// Something happens to the agent's share; what its scheduler hears is returned.
    pub(crate) fn on(&mut self, event: ShareEvent, dice: &mut Dice) -> io::Result<Vec<Said>> {
        let share = self.process.as_mut().and_then(|process| process.share.as_mut());
        let Some(share) = share else {
            return Ok(Vec::new());
        };
        let effects = share.on(event)?;
        let (job, epoch) = share.attempt();
        let job = job.to_owned();
        let states = self.carry_out(effects, dice).into_iter();
        Ok(states.map(|state| update(&job, epoch, state)).collect())
    }

    /// What follows for the load test and the deliveries; what the agent's scheduler hears is returned.
    fn carry_out(&mut self, effects: Vec<ShareEffect>, dice: &mut Dice) -> Vec<AssignmentState> {
        let mut reports = Vec::new();
        for effect in effects {
            match effect {
                ShareEffect::Deliver(delivery) => {
                    if let Some(process) = &mut self.process {
                        process.couriers.push(Courier::new(*delivery));
                    }
                }
                ShareEffect::StopLoadTest(_) => {
                    if let Some((_, load_test)) = &mut self.load_test {
                        load_test.stop();
                    }
                }
                ShareEffect::CleanUp => self.cleans_up = true,
                ShareEffect::EndLoadTest => {
                    self.ends = true;
                    if let Some((_, load_test)) = &mut self.load_test {
                        load_test.kill(dice);
                    }
                }
                ShareEffect::Report(state) => reports.push(state),
                ShareEffect::Fail => reports.push(AssignmentState::Failed),
                ShareEffect::Over => {
                    self.put_ledger_away();
                    if let Some(process) = &mut self.process {
                        process.share = None;
                    }
                }
            }
        }
        reports
    }

    /// What has happened to the share by itself, if anything.
    pub(crate) fn happened(&mut self, now_ns: u64) -> Option<ShareEvent> {
        let is_all_due = self.process.as_ref()?.share.as_ref()?.is_all_due();
        let (_, load_test) = self.load_test.as_ref()?;
        let (is_alive, has_stopped) = (load_test.is_alive, load_test.has_stopped());
        if self.ends {
            let exits = load_test.pipe.is_empty() && !self.has_exited;
            self.has_exited |= exits;
            return exits.then_some(ShareEvent::Exited);
        }
        if !is_alive {
            return Some(ShareEvent::Died);
        }
        if let Some(lost) = self.lost_lease(now_ns) {
            return Some(lost);
        }
        if std::mem::take(&mut self.cleans_up) {
            return Some(ShareEvent::CleanedUp);
        }
        if has_stopped {
            return Some(ShareEvent::Stopped);
        }
        is_all_due.then_some(ShareEvent::AllDue)
    }

    /// The share's lease is over, and it does not know.
    pub(crate) fn lost_lease(&mut self, now_ns: u64) -> Option<ShareEvent> {
        let boot_ns = self.boot_ns(now_ns);
        let share = self.process.as_ref()?.share.as_ref()?;
        let is_news = share.is_lease_lost(boot_ns) && !self.is_lease_lost;
        self.is_lease_lost |= is_news;
        is_news.then_some(ShareEvent::LeaseLost)
    }
}
