//! Jobs that a process left behind when it ended: concluded from what it handed over and from the results that are stored.

use std::collections::{BTreeMap, BTreeSet};

use heavy_process::clock::wall_ns;
use heavy_results::aggregate::{Aggregator, DueShare, Settlement};
use heavy_results::job::{JobInfo, JobState};
use heavy_store::{Handover, ReadUpTo, StatisticsReader, Store};

use super::collecting::{Collected, are_complete, due_share};
use super::conclude::{conclude, until_answered};
use super::forgotten::Reaggregation;
use super::handing_over;
use super::machine::event::{EndedShare, FIRST_EPOCH, LEASE_NS, RELEASE_LEAD_NS};
use super::machine::team::Team;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Concludes a job that a process left behind when it ended. One whose load was over ends as it would have; any other has
/// failed, for this reason.
pub(crate) async fn conclude_orphan(store: &dyn Store, mut job: JobInfo, reason: String) {
    let mut ran = None;
    (job.state, job.reason) = (JobState::Failed, reason);
    if let Some(started_ns) = job.started_at_wall_ns {
        let handover = until_answered(job.id, || store.handover(job.id))
            .await
            .unwrap_or_default();
        if let Some(delivering) = &handover.delivering {
            (job.state, job.reason) = (delivering.ends_as, delivering.reason.clone());
        }
        let since_start_ns = wall_ns().saturating_sub(started_ns);
        ran = Some(collect(store, &job, handover, since_start_ns).await);
    }
    job.degraded |= job.state == JobState::Failed;
    conclude(store, &mut job, ran).await;
}

/// Aggregates all that is stored.
async fn collect(store: &dyn Store, job: &JobInfo, handover: Handover, since_start_ns: u64) -> Collected {
    let document = job.spec.load();
    let load = match (&handover.delivering, handover.revisions.last()) {
        (Some(delivering), _) => delivering.settlement.load(&document),
        (None, Some(newest)) => newest.load(&document),
        (None, None) => document,
    };
    let aggregator = Aggregator::new(load, []).watching(&job.spec.thresholds);
    let mut again = Reaggregation::new(job.id, StatisticsReader::new(job.id), aggregator);
    while let Err(error) = again.finish(store).await {
        tracing::warn!(job = %job.id, %error, "cannot read results of a job that was left behind, trying again");
        tokio::time::sleep(super::conclude::WRITE_PAUSE).await;
    }
    let (reader, aggregator, update) = again.into_parts();
    let reported_ns = u64::from(aggregator.complete_before_second()) * NS_PER_SECOND;
    let (settlement, is_known, aborted) = match handover.delivering {
        Some(delivering) => (delivering.settlement, true, delivering.aborted),
        None => {
            let shares = left_shares(job, &handover, since_start_ns);
            let is_known = shares.is_some();
            let settlement = Settlement {
                // How far the load got is not known: what the agents have reported as due is what was due.
                end_ns: Some(reported_ns.min(job.spec.load().duration_ns())),
                revision: handover.revisions.last().cloned(),
                shares: shares.unwrap_or_else(|| reported_shares(job, &reader)),
                ..Settlement::default()
            };
            (settlement, is_known, Vec::new())
        }
    };
    Collected {
        // Agents of which nothing is known may have results, too.
        complete: is_known
            && reader.all_complete()
            && are_complete(&settlement, |agent, epoch| reader.is_complete(agent, epoch)),
        aggregator,
        unwritten: Some(update),
        reader,
        settlement,
        is_again: true,
        aborted,
    }
}

/// The assignments of a job whose scheduler died while they had load: what was due to each until its lease ended. `None` if
/// nobody has handed them over.
fn left_shares(job: &JobInfo, handover: &Handover, since_start_ns: u64) -> Option<Vec<DueShare>> {
    let team = Team::of_history(&job.spec, &handover.revisions, &handover.attempts)?;
    // When the scheduler died is not known, but that it had said so otherwise.
    let period_ns = u64::try_from(handing_over::PERIOD.as_nanos()).unwrap_or(u64::MAX);
    let died_ns = since_start_ns.min(handover.at_ns + period_ns);
    let end_ns = team.load().duration_ns();
    let leased_until_ns = end_ns.min(died_ns + LEASE_NS + RELEASE_LEAD_NS);
    let attempts = handover.attempts.iter().flat_map(|(agent, attempts)| {
        let epochs = (FIRST_EPOCH..).zip(attempts);
        epochs.filter_map(move |(epoch, first)| first.map(|_| (agent, epoch)))
    });
    let shares = attempts.map(|(agent, epoch)| {
        let mut lost = handover.lost.iter();
        let lost = lost.rfind(|lost| (&lost.agent, lost.epoch) == (agent, epoch));
        let share = EndedShare {
            agent: agent.clone(),
            epoch,
            leased_until_ns: lost.map_or(leased_until_ns, |lost| lost.leased_until_ns),
            is_alive: lost.is_none(),
        };
        if !share.is_alive {
            // What became due while the scheduler lived was its own until a revision gave it to others.
            return due_share(&team, &share, end_ns.min(died_ns.max(share.leased_until_ns)));
        }
        let mut share = due_share(&team, &share, end_ns);
        // Nobody ended the load: what was due after the lease is not known to have been due at all.
        share.due.iter_mut().for_each(|due| due.all = 0);
        share
    });
    Some(shares.collect())
}

/// The assignments of a job of which only the results are known.
fn reported_shares(job: &JobInfo, reader: &StatisticsReader) -> Vec<DueShare> {
    let known: Vec<ReadUpTo> = reader.read_up_to();
    let agents: BTreeSet<String> = known.iter().map(|read| read.agent.clone()).collect();
    let team = Team::new(&job.spec, agents.into_iter().map(|agent| (agent, 1)));
    let planned: BTreeMap<String, u64> = team.shares().into_iter().collect();
    let share = |read: ReadUpTo| DueShare {
        planned: if read.epoch == FIRST_EPOCH {
            planned.get(&read.agent).copied().unwrap_or(0)
        } else {
            0
        },
        agent: read.agent,
        epoch: read.epoch,
        ..DueShare::default()
    };
    known.into_iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use heavy_results::job::JobSpec;
    use heavy_store::LostAttempt;

    use super::*;

    #[test]
    fn what_was_due_to_an_agent_that_was_lost_before_its_scheduler_is_a_gap_after_its_lease() {
        let spec = JobSpec::new("a".repeat(64), "100".parse().unwrap(), "60s".parse().unwrap());
        let team = Team::new(&spec, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
        let handover = Handover {
            at_ns: 19 * NS_PER_SECOND,
            revisions: team.revisions().cloned().collect(),
            attempts: team.attempts().clone(),
            lost: vec![LostAttempt {
                agent: "b".to_owned(),
                epoch: FIRST_EPOCH,
                leased_until_ns: 2 * NS_PER_SECOND,
            }],
            delivering: None,
        };
        let job = JobInfo::queued(uuid::Uuid::nil(), spec, 0);
        let shares = left_shares(&job, &handover, 20 * NS_PER_SECOND).unwrap();
        let tens = |count: u64| (count + 5) / 10;
        let due: Vec<_> = shares
            .iter()
            .map(|share| {
                let due = share.due.iter();
                let due: Vec<_> = due.map(|due| (tens(due.leased), tens(due.all))).collect();
                (share.agent.as_str(), share.is_alive, due)
            })
            .collect();
        // Tens: 50 a second each. The lease of the living one ends 10 s after the scheduler died, at 20 s.
        assert_eq!(due, [("a", true, vec![(150, 0)]), ("b", false, vec![(10, 100)])]);
    }
}
