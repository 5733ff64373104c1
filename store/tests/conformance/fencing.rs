//! Schedulers: who has a database's rows, and what a process that lost its row can still write.

use std::sync::Arc;

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::{JobInfo, JobState};
use heavy_results::stats::Event;
use heavy_store::{Deletion, Error, SchedulerClaim, SchedulerRow, Store};

use crate::bed::{Bed, rows, value};
use crate::data;

fn claim(name: &str, owner: &str) -> SchedulerClaim {
    SchedulerClaim {
        name: name.to_owned(),
        holder: format!("lock of {owner}"),
        owner: owner.to_owned(),
        command: "heavy-sched serve".to_owned(),
        host: "box".to_owned(),
        pid: 4242,
        url: "http://127.0.0.1:7700".to_owned(),
        since_wall_ns: data::START_WALL_NS,
    }
}

async fn registered(store: &Arc<dyn Store>, owner: &str) -> u64 {
    let epoch = store.schedulers().register(&claim(owner, owner), None).await;
    epoch.unwrap().expect("the name is free")
}

async fn found(store: &Arc<dyn Store>, epoch: u64) -> SchedulerRow {
    let rows = store.schedulers().scheduler_rows().await.unwrap();
    rows.into_iter()
        .find(|row| row.epoch == epoch)
        .expect("it is there")
}

fn update() -> SeriesUpdate {
    SeriesUpdate {
        events: vec![(0, Event::default())],
        ..SeriesUpdate::default()
    }
}

fn running() -> JobInfo {
    let mut job = data::job();
    job.state = JobState::Running;
    job
}

pub(crate) async fn a_name_is_for_one_scheduler_at_a_time(bed: &Bed) {
    let store = bed.open().await;
    let table = store.schedulers();
    let wanted = claim("scheduler", "scheduler-1");
    let first = table.register(&wanted, None).await.unwrap().unwrap();
    let other = claim("scheduler", "scheduler-2");
    assert_eq!(table.register(&other, None).await.unwrap(), None);
    let seen = found(&store, first).await;
    let expected = SchedulerRow {
        epoch: first,
        beat: 0,
        released: false,
        claim: wanted,
    };
    assert_eq!(seen, expected);
    assert!(table.beat(first).await.unwrap());
    assert_eq!(
        table.register(&other, Some(&seen)).await.unwrap(),
        None,
        "it was raised since"
    );
    let seen = found(&store, first).await;
    assert_eq!(seen.beat, 1);
    let second = table.register(&other, Some(&seen)).await.unwrap().unwrap();
    assert!(second > first);
    assert!(!table.beat(first).await.unwrap());
    assert!(table.beat(second).await.unwrap());
    let own = registered(&store, "run-1").await;
    assert!(own > second, "commands have names of their own");
}

pub(crate) async fn one_of_many_takes_over(bed: &Bed) {
    let store = bed.open().await;
    let first = registered(&store, "scheduler").await;
    let dead = found(&store, first).await;
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let (store, dead) = (Arc::clone(&store), dead.clone());
            tokio::spawn(async move {
                let wanted = claim("scheduler", &format!("scheduler-{n}"));
                store.schedulers().register(&wanted, Some(&dead)).await.unwrap()
            })
        })
        .collect();
    let mut epochs = Vec::new();
    for task in tasks {
        epochs.extend(task.await.unwrap());
    }
    assert_eq!(epochs.len(), 1);
    assert_eq!(value(&store, "select count(*) from schedulers").await, "1");
}

pub(crate) async fn a_scheduler_without_its_row_writes_nothing(bed: &Bed) {
    let store = bed.open().await;
    let first = registered(&store, "scheduler").await;
    let (old, mut job) = (store.fenced(first), running());
    old.create_owned_job("scheduler-1", &job).await.unwrap();
    old.save_series(job.id, &SeriesUpdate::default(), None)
        .await
        .unwrap();
    let ended = data::finished(JobInfo {
        id: uuid::Uuid::now_v7(),
        ..job.clone()
    });
    old.create_owned_job("scheduler-1", &ended).await.unwrap();
    let dead = found(&store, first).await;
    let wanted = claim("scheduler", "scheduler-2");
    let second = store.schedulers().register(&wanted, Some(&dead)).await;
    let second = second.unwrap().unwrap();
    job.reason = "written by the old one".to_owned();
    let new_job = JobInfo {
        id: uuid::Uuid::now_v7(),
        ..job.clone()
    };
    let refused = [
        old.update_job(&job).await,
        old.update_job(&ended).await,
        old.save_series(job.id, &update(), None).await,
        old.save_series(ended.id, &update(), Some(&data::summary(&ended)))
            .await,
        old.adopt_job("scheduler-1", job.id).await,
        old.create_owned_job("scheduler-1", &new_job).await,
        old.delete_jobs(&[ended.id], Deletion::Everything).await.map(drop),
        old.schedulers().take_unowned(first).await,
    ];
    for result in refused {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Superseded), "{error}");
        assert!(error.is_fenced() && !error.may_pass(), "{error}");
    }
    let new = store.fenced(second);
    let held = new.schedulers().held_jobs(second).await.unwrap();
    assert_eq!(held.iter().map(|held| held.id).collect::<Vec<_>>(), [job.id]);
    assert_eq!(held[0].reason, "");
    assert_eq!(value(&store, "select count(*) from events").await, "0");
    new.update_job(&job).await.unwrap();
    new.save_series(job.id, &update(), None).await.unwrap();
    // One that has ended passes on when it is written again.
    new.save_series(ended.id, &update(), None).await.unwrap();
    assert_eq!(
        rows(&store, "select distinct epoch from job_rows").await,
        [second.to_string()]
    );
}

pub(crate) async fn jobs_of_others_are_left_alone(bed: &Bed) {
    let store = bed.open().await;
    let (server, run) = (
        registered(&store, "scheduler").await,
        registered(&store, "run-1").await,
    );
    let (of_server, of_run) = (store.fenced(server), store.fenced(run));
    let job = running();
    of_run.create_owned_job("run-1", &job).await.unwrap();
    let ended = data::finished(job.clone());
    for error in [
        of_server.update_job(&ended).await,
        of_server.save_series(job.id, &update(), None).await,
        of_server.adopt_job("scheduler-1", job.id).await,
    ] {
        let error = error.unwrap_err();
        assert!(
            matches!(error, Error::OwnedByOther { job: other } if other == job.id),
            "{error}"
        );
    }
    of_run.update_job(&ended).await.unwrap();
    let error = of_server.save_series(job.id, &update(), None).await.unwrap_err();
    assert!(error.is_fenced(), "its process lives: {error}");
    of_run.schedulers().release(run).await.unwrap();
    of_server.save_series(job.id, &update(), None).await.unwrap();
    // Without a fence, as collectors and tools have it, anything is written, and what is deleted stays so.
    store.update_job(&ended).await.unwrap();
    of_server
        .delete_jobs(&[job.id], Deletion::Everything)
        .await
        .unwrap();
    of_server.update_job(&ended).await.unwrap();
    assert_eq!(store.jobs(9).await.unwrap(), []);
}

pub(crate) async fn what_is_left_unfinished_passes_on(bed: &Bed) {
    let store = bed.open().await;
    let table = store.schedulers();
    let unowned = running();
    store.create_job(&unowned).await.unwrap();
    let of_command = JobInfo {
        id: uuid::Uuid::now_v7(),
        ..unowned.clone()
    };
    store.create_owned_job("run-0", &of_command).await.unwrap();
    let first = registered(&store, "scheduler").await;
    table.take_unowned(first).await.unwrap();
    let held = table.held_jobs(first).await.unwrap();
    assert_eq!(held, std::slice::from_ref(&unowned));
    table.release(first).await.unwrap();
    let left = found(&store, first).await;
    assert!(left.released);
    let run = registered(&store, "run-1").await;
    assert!(table.take_over(run, &left).await.unwrap());
    assert!(!table.take_over(run, &left).await.unwrap(), "it is gone");
    assert_eq!(
        table.held_jobs(run).await.unwrap(),
        std::slice::from_ref(&unowned)
    );
    store
        .fenced(run)
        .update_job(&data::finished(unowned))
        .await
        .unwrap();
    table.release(run).await.unwrap();
    assert_eq!(table.scheduler_rows().await.unwrap(), []);
    assert!(
        registered(&store, "scheduler").await > run,
        "no epoch comes twice"
    );
}
