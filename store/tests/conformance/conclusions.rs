//! The end of a job, and what comes after it.

use heavy_load::revision::Revision;
use heavy_results::aggregate::{DueShare, SeriesUpdate, Settlement, Written};
use heavy_results::job::{JobInfo, JobState};
use heavy_results::summary::{Summary, SummaryRevision};
use heavy_store::{Conclusion, Delivering, Handover, LostAttempt, ReadUpTo, Settled, Store, Stream};

use crate::bed::{Bed, rows};
use crate::data::{self, batch, producer, stats};

const REVISIONS: &str = "select number, verdict, reason, changes from summary_revisions order by number";

fn settled(sequence: u64) -> Settled {
    Settled {
        settlement: Settlement {
            end_ns: Some(10_000_000_000),
            to_the_end: true,
            shares: vec![DueShare {
                agent: "one".to_owned(),
                epoch: 1,
                planned: 1000,
                ..DueShare::default()
            }],
            ..Settlement::default()
        },
        written: Written { events: 3, lines: 4 },
        read: vec![ReadUpTo {
            agent: "one".to_owned(),
            epoch: 1,
            sequence,
        }],
    }
}

fn summary(job: &JobInfo, number: u32, changes: &str) -> Summary {
    let revision = SummaryRevision {
        number,
        at_wall_ns: 1_800_000_000_000_000_000,
        verdict: "PASS".to_owned(),
        reason: "all \0 well".to_owned(),
        complete: true,
        changes: changes.to_owned(),
    };
    Summary {
        revisions: vec![revision],
        ..data::summary(job)
    }
}

async fn conclude(store: &dyn Store, job: &JobInfo, number: u32, seen: u64, complete: bool) {
    let changes = if number > 1 { "started 1 -> 2" } else { "" };
    let conclusion = Conclusion {
        job,
        update: &SeriesUpdate::default(),
        summary: &summary(job, number, changes),
        settled: &settled(seen),
        complete,
        seen,
    };
    store.conclude(&conclusion).await.unwrap();
}

pub(crate) async fn what_a_job_hands_over_is_kept_until_its_end(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    let mut handover = Handover {
        at_ns: 7,
        revisions: vec![Revision::first(&job.spec.load(), [("one".to_owned(), 1)])],
        attempts: [("one".to_owned(), vec![Some(0), None])].into(),
        lost: vec![LostAttempt {
            agent: "one".to_owned(),
            epoch: 1,
            leased_until_ns: 5,
        }],
        delivering: None,
    };
    store.hand_over(job.id, &handover).await.unwrap();
    assert_eq!(
        store.handover(job.id).await.unwrap(),
        None,
        "there is no such job"
    );
    store.create_job(&job).await.unwrap();
    store.hand_over(job.id, &handover).await.unwrap();
    assert_eq!(store.handover(job.id).await.unwrap().as_ref(), Some(&handover));
    handover.delivering = Some(Delivering {
        settlement: settled(0).settlement,
        ends_as: JobState::Stopped,
        reason: "stopped by a \0 client".to_owned(),
        aborted: Vec::new(),
    });
    store.hand_over(job.id, &handover).await.unwrap();
    assert_eq!(store.handover(job.id).await.unwrap(), Some(handover.clone()));
    let job = data::finished(job);
    conclude(&*store, &job, 1, 7, true).await;
    assert_eq!(store.handover(job.id).await.unwrap(), None, "it has ended");
}

pub(crate) async fn the_end_of_a_job_is_written_as_a_whole(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    assert_eq!(store.settled(job.id).await.unwrap(), None);
    let job = data::finished(job);
    for _ in 0..2 {
        conclude(&*store, &job, 1, 7, true).await;
    }
    assert_eq!(store.jobs(9).await.unwrap(), std::slice::from_ref(&job));
    assert_eq!(store.summary(job.id).await.unwrap().unwrap().job, job);
    assert_eq!(store.settled(job.id).await.unwrap(), Some(settled(7)));
    conclude(&*store, &job, 2, 9, true).await;
    let expected = [
        "1|PASS|all \u{fffd} well|",
        "2|PASS|all \u{fffd} well|started 1 -> 2",
    ];
    assert_eq!(rows(&store, REVISIONS).await, expected);
    assert_eq!(store.settled(job.id).await.unwrap(), Some(settled(9)));
    let at = "select at from summary_revisions where number = 1";
    let expected = if bed.postgres.is_some() {
        "2027-01-15 08:00:00+00"
    } else {
        "2027-01-15T08:00:00.000000Z"
    };
    assert_eq!(rows(&store, at).await, [expected]);
    let unknown = "select sum(unknown) from assignments union all select sum(unknown) from workflow_stats";
    assert_eq!(rows(&store, unknown).await, ["0", "0"]);
}

pub(crate) async fn results_that_come_later_are_found(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Stats);
    let commit = async |sequence| {
        let content = stats(&[u8::try_from(sequence).unwrap()]);
        store.commit(&batch(&from, sequence, content)).await.unwrap();
    };
    commit(1).await;
    commit(2).await;
    assert_eq!(store.late_jobs().await.unwrap(), [], "it has not ended");
    let job = data::finished(job);
    conclude(&*store, &job, 1, 2, false).await;
    assert_eq!(store.late_jobs().await.unwrap(), []);
    commit(3).await;
    assert_eq!(store.late_jobs().await.unwrap(), [(job.id, 3)]);
    conclude(&*store, &job, 2, 3, false).await;
    assert_eq!(store.late_jobs().await.unwrap(), []);
    conclude(&*store, &job, 2, 3, true).await;
    commit(4).await;
    assert_eq!(store.late_jobs().await.unwrap(), [], "nothing more was missing");
}
