//! Keeps what another scheduler needs to conclude a running job up to date in the store.

use std::collections::BTreeMap;
use std::time::Duration;

use heavy_results::aggregate::Settlement;
use heavy_results::job::JobState;
use heavy_results::threshold::ThresholdSummary;
use heavy_store::{Delivering, Handover, LostAttempt, Store};
use tokio::time::Instant;
use uuid::Uuid;

use super::machine::event::RELEASE_LEAD_NS;
use super::machine::team::Team;

/// How often a running job says that it still runs: leases end that much later than the last word of its scheduler.
pub(super) const PERIOD: Duration = Duration::from_secs(10);
/// Members of all revisions together that are kept: without a history, what agents have reported is all that is known.
const MOST_MEMBERS: usize = 50_000;

/// What is to be handed over, and whether the store has it.
#[derive(Debug)]
pub(super) struct HandingOver {
    handover: Handover,
    /// When the store was given the newest.
    saved: Option<Instant>,
}

impl HandingOver {
    pub(super) fn new(team: &Team) -> Self {
        let mut handing_over = Self {
            handover: Handover::default(),
            saved: None,
        };
        handing_over.replan(team);
        handing_over
    }

    /// What another scheduler has handed over, of a job whose load is over.
    pub(super) fn again(delivering: Delivering) -> Self {
        let handover = Handover {
            delivering: Some(delivering),
            ..Handover::default()
        };
        Self {
            handover,
            saved: Some(Instant::now()),
        }
    }

    /// The team or its plan is another.
    pub(super) fn replan(&mut self, team: &Team) {
        let members: usize = team.revisions().map(|revision| revision.members.len() + 1).sum();
        (self.handover.revisions, self.handover.attempts) = if members > MOST_MEMBERS {
            (Vec::new(), BTreeMap::new())
        } else {
            (team.revisions().cloned().collect(), team.attempts().clone())
        };
        self.saved = None;
    }

    /// An agent was lost with an attempt, at an instant of the job.
    pub(super) fn lose(&mut self, agent: &str, epoch: u32, at_ns: u64) {
        self.handover.lost.push(LostAttempt {
            agent: agent.to_owned(),
            epoch,
            leased_until_ns: at_ns + RELEASE_LEAD_NS,
        });
        self.saved = None;
    }

    /// The load is over, and the job ends like this once its results are in.
    pub(super) fn deliver(
        &mut self,
        settlement: &Settlement,
        (ends_as, reason): (JobState, String),
        aborted: Vec<ThresholdSummary>,
    ) {
        self.handover.delivering = Some(Delivering {
            settlement: settlement.clone(),
            ends_as,
            reason,
            aborted,
        });
        // The settlement says it all.
        (self.handover.revisions, self.handover.attempts) = (Vec::new(), BTreeMap::new());
        self.handover.lost.clear();
        self.saved = None;
    }

    /// How a job ends whose load is over.
    pub(super) fn ends_as(&mut self, ends_as: JobState, reason: String) {
        if let Some(delivering) = &mut self.handover.delivering
            && (delivering.ends_as, &delivering.reason) != (ends_as, &reason)
        {
            (delivering.ends_as, delivering.reason) = (ends_as, reason);
            self.saved = None;
        }
    }

    /// Gives the store the newest, if it has not got it; `at_ns` is an instant of the job. What fails is tried again with the
    /// next call.
    pub(super) async fn save(&mut self, store: &dyn Store, job: Uuid, at_ns: u64) {
        let is_delivering = self.handover.delivering.is_some();
        if self
            .saved
            .is_some_and(|saved| is_delivering || saved.elapsed() < PERIOD)
        {
            return;
        }
        self.handover.at_ns = at_ns;
        match store.hand_over(job, &self.handover).await {
            Ok(()) => self.saved = Some(Instant::now()),
            Err(error) => {
                tracing::debug!(%job, %error, "cannot write what another scheduler would need, trying again")
            }
        }
    }
}
