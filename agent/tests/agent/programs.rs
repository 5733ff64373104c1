//! Programs that cannot be run: each is refused with its kind and a message that says what to do.

use std::path::Path;

use heavy_proto::v1;
use heavy_proto::v1::AssignmentState as State;
use heavy_proto::v1::to_agent::Message as Heard;
use heavy_results::job::WorkflowSpec;

use crate::world::{World, fixture, spec};

async fn refused(world: &World, job: &str, program: &Path, mode: &str) -> (String, String) {
    world.assign(job, program, spec("10", 1000, mode)).await;
    let failed = world.state(job, State::Failed).await;
    assert!(world.delivered(job).closing.is_none(), "there was no load");
    (failed.failure_kind, failed.message)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_load_test_is_refused_with_a_reason() {
    let world = World::new().await;
    let script = world.dir.path().join("script");
    std::fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
    for (job, program, kind, part) in [
        ("script", script.as_path(), "not-a-program", "got a script"),
        (
            "true",
            Path::new("/bin/true"),
            "not-a-load-test",
            "exited with status 0 and did not say hello",
        ),
        (
            "cat",
            Path::new("/bin/ls"),
            "not-a-load-test",
            "did not say hello",
        ),
    ] {
        let (found, message) = refused(&world, job, program, "ok").await;
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_binary_is_refused() {
    let world = World::new().await;
    world
        .scheduler
        .manners
        .send_modify(|manners| manners.damages_binaries = true);
    let (kind, message) = refused(&world, "damaged", &fixture(), "ok").await;
    assert_eq!(kind, "hash", "{message}");
    assert!(message.contains("submit it again"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_that_fails_says_why() {
    let world = World::new().await;
    let (kind, message) = refused(&world, "init", &fixture(), "init-fails").await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("init", "the database of users is empty")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_workflow_lists_the_known() {
    let world = World::new().await;
    let mut wrong = spec("10", 1000, "ok");
    wrong.workflows = vec![WorkflowSpec::new("three")];
    world.assign("unknown", &fixture(), wrong).await;
    let failed = world.state("unknown", State::Failed).await;
    assert_eq!(failed.failure_kind, "unknown-workflow");
    assert!(failed.message.contains("one, two"), "{}", failed.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_is_fetched_once() {
    let world = World::new().await;
    world.run_fixture("first", spec("10", 200, "ok")).await;
    // The scheduler would now give something else.
    world
        .scheduler
        .manners
        .send_modify(|manners| manners.damages_binaries = true);
    world.run_fixture("second", spec("10", 200, "ok")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_cannot_be_read_fails_where_it_arrives() {
    let world = World::new().await;
    let assign = v1::Assign {
        job: "unreadable".to_owned(),
        epoch: 1,
        revision: "{".to_owned(),
        ..v1::Assign::default()
    };
    world.scheduler.say(Heard::Assign(assign)).await;
    let failed = world.state("unreadable", State::Failed).await;
    assert_eq!((failed.failure_kind.as_str(), failed.epoch), ("internal", 1));
    assert!(
        failed.message.starts_with("cannot parse the revision: "),
        "{}",
        failed.message
    );
    // The link goes on.
    world.run_fixture("readable", spec("10", 200, "ok")).await;
}
