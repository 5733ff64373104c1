//! Jobs.

use std::sync::Arc;

use heavy_results::job::{JobInfo, JobState};
use uuid::Uuid;

use crate::bed::{Bed, rows};
use crate::data;

pub(crate) async fn a_job_comes_back_as_it_was(bed: &Bed) {
    let store = bed.open().await;
    let mut job = data::job();
    job.spec.params = serde_json::json!({"text": "a \0 b", "number": 0.1});
    store.create_job(&job).await.unwrap();
    assert_eq!(store.jobs(10).await.unwrap(), std::slice::from_ref(&job));
    let job = data::finished(job);
    store.update_job(&job).await.unwrap();
    assert_eq!(store.jobs(10).await.unwrap(), std::slice::from_ref(&job));
    let sql = "select name, service, state, verdict, duration_s, run_time_s, planned, asked_rate, achieved_rate from jobs";
    assert_eq!(
        rows(&store, sql).await,
        ["checkout|shop|finished|PASS|10|10|1000|100|99.9"]
    );
    let sql = "select started_at, ended_at, labels, degraded from jobs";
    let expected = if bed.postgres.is_some() {
        r#"2027-01-15 08:00:00.123456+00|2027-01-15 08:00:10.123456+00|{"branch":"main"}|f"#
    } else {
        r#"2027-01-15T08:00:00.123456Z|2027-01-15T08:00:10.123456Z|{"branch":"main"}|0"#
    };
    assert_eq!(rows(&store, sql).await, [expected]);
    let users = JobInfo {
        id: Uuid::from_u128(7),
        asked_rate: 0.0,
        ..job.clone()
    };
    store.create_job(&users).await.unwrap();
    let sql = "select count(*), count(asked_rate), avg(asked_rate) from jobs";
    assert_eq!(
        rows(&store, sql).await,
        ["2|1|100"],
        "users are asked for no rate"
    );
}

pub(crate) async fn jobs_are_found_by_state_and_prefix(bed: &Bed) {
    let store = bed.open().await;
    let mut jobs = Vec::new();
    for (n, state) in [JobState::Finished, JobState::Queued, JobState::Running]
        .into_iter()
        .enumerate()
    {
        let mut job = data::job();
        job.id = Uuid::from_u128(job.id.as_u128() & !0xff | n as u128);
        job.submitted_at_wall_ns += n as u64;
        job.state = state;
        store.create_job(&job).await.unwrap();
        jobs.push(job);
    }
    let [first, second, third] = &jobs[..] else {
        panic!()
    };
    assert_eq!(store.jobs(2).await.unwrap(), [third.clone(), second.clone()]);
    assert_eq!(
        store.unfinished_jobs().await.unwrap(),
        [second.clone(), third.clone()]
    );
    let whole = first.id.to_string();
    let whole = [whole.as_str()];
    for prefix in [whole[0], &whole[0].to_uppercase(), &whole[0].replace('-', "")] {
        assert_eq!(
            store.jobs_with_prefix(prefix, 9).await.unwrap(),
            std::slice::from_ref(first),
            "{prefix}"
        );
    }
    let all = [third.clone(), second.clone(), first.clone()];
    assert_eq!(
        store.jobs_with_prefix(&whole[0][..8], 9).await.unwrap().len(),
        all.len()
    );
    assert_eq!(store.jobs_with_prefix("", 9).await.unwrap(), all);
    assert_eq!(
        store.jobs_with_prefix("", 1).await.unwrap(),
        std::slice::from_ref(third)
    );
    for prefix in ["ffff", "%", "last", "' or 1=1 --"] {
        assert_eq!(store.jobs_with_prefix(prefix, 9).await.unwrap(), [], "{prefix}");
    }
}

pub(crate) async fn a_job_keeps_its_owner_until_another_adopts_it(bed: &Bed) {
    let store = bed.open().await;
    let (unnamed, mut job) = (data::job(), data::job());
    job.id = Uuid::from_u128(unnamed.id.as_u128() ^ 1);
    store.create_job(&unnamed).await.unwrap();
    store.create_owned_job("run-1", &job).await.unwrap();
    store.update_job(&data::finished(job.clone())).await.unwrap();
    assert_eq!(store.owner(job.id).await.unwrap(), "run-1");
    assert_eq!(store.owner(unnamed.id).await.unwrap(), "");
    assert_eq!(store.owner(Uuid::nil()).await.unwrap(), "");
    store.adopt_job("scheduler-2", job.id).await.unwrap();
    assert_eq!(store.owner(job.id).await.unwrap(), "scheduler-2");
}

pub(crate) async fn jobs_of_any_day_can_be_created_at_once(bed: &Bed) {
    let store = bed.open().await;
    let day = 86_400_000u128;
    let tasks: Vec<_> = (0..12u128)
        .map(|n| {
            let store = Arc::clone(&store);
            let mut job = data::job();
            // Four days, three jobs each; the last of them is as far away as ids reach.
            let ms = if n % 4 == 3 {
                (1 << 48) - 1
            } else {
                1_800_000_000_000 + (n % 4) * day
            };
            job.id = Uuid::from_u128(ms << 80 | 0x7 << 76 | n);
            tokio::spawn(async move { store.create_job(&job).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.jobs(99).await.unwrap().len(), 12);
}
