//! Following and stopping a job whose scheduler answers, while its results database does not.

use std::sync::atomic::{AtomicU64, Ordering};

use heavy_api::error::{ApiErrorKind, Error as Refusal};
use heavy_results::job::JobState;
use heavy_testkit::{ReceivedRequest, ScriptedAnswer, ScriptedServer};
use serde::Serialize;
use uuid::Uuid;

use super::*;
use crate::control::tests::controlled;

fn with(status: u16, document: &impl Serialize) -> ScriptedAnswer {
    ScriptedAnswer::new(status).body(serde_json::to_vec(document).unwrap())
}

fn refused(kind: ApiErrorKind) -> ScriptedAnswer {
    with(kind.status(), &Refusal::new(kind, "no"))
}

#[tokio::test]
async fn a_database_that_fails_when_the_job_ends_is_asked_again() {
    let failures = AtomicU64::new(0);
    let server = ScriptedServer::start(move |request: &ReceivedRequest| {
        if request.path.ends_with("/progress") {
            let progress = Progress {
                state: JobState::Finished,
                ..Progress::default()
            };
            let event = format!("id: 1\ndata: {}\n\n", serde_json::to_string(&progress).unwrap());
            return ScriptedAnswer::new(200).body(event);
        }
        match failures.fetch_add(1, Ordering::Relaxed) {
            0 => refused(ApiErrorKind::Database),
            _ => with(
                200,
                &JobView {
                    job: controlled(JobState::Finished, 0, &[]).job,
                    summary: None,
                },
            ),
        }
    });
    let remote = Remote::of_test(server.url(""));
    let mut away = 0;
    let followed = follow(&remote, "last", None, |news| {
        away += u32::from(matches!(news, News::Away));
    });
    assert_eq!(followed.await.unwrap().job.state, JobState::Finished);
    assert_eq!(away, 1);
}

#[tokio::test]
async fn a_job_that_is_unknown_is_not_asked_for_again() {
    let server = ScriptedServer::start(|_| refused(ApiErrorKind::NoSuchJob));
    let remote = Remote::of_test(server.url(""));
    let error = follow(&remote, "last", None, |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_stop_is_asked_for_again_where_that_can_help() {
    let asked = AtomicU64::new(0);
    let server = ScriptedServer::start(move |request: &ReceivedRequest| {
        assert!(request.path.contains("/stop"), "{request:?}");
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => refused(ApiErrorKind::Database),
            1 => with(200, &controlled(JobState::Running, 1, &[])),
            _ => refused(ApiErrorKind::NoSuchJob),
        }
    });
    let remote = Remote::of_test(server.url(""));
    let job = Uuid::nil().to_string();
    let mut stopping = Stopping::new(&remote, &job);
    let mut complaints = Vec::new();
    assert!(stopping.press());
    stopping.answer().await.unwrap_err();
    stopping.complain(|again| complaints.push(again));
    assert_eq!(stopping.answer().await.unwrap().agents, 1);
    assert!(stopping.is_acknowledged);
    assert!(stopping.press());
    stopping.answer().await.unwrap_err();
    stopping.complain(|again| complaints.push(again));
    assert_eq!(complaints, [true, false]);
}
