//! Configurations of a real scheduler, through the real command line of clients.

use heavy_client::JobHome as _;
use heavy_results::job::JobView;

use crate::agent::Agent;
use crate::cli::{finish, sched};
use crate::world::{PROGRAM, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_starts_from_a_configuration_and_flags_go_before_it() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let file = world.dir.join("job.toml");
    std::fs::write(
        &file,
        "stages = [\"10s:100\"]\nname = \"nightly load\"\nthresholds = [\"http_reqs: count>=0\"]\nlabels = { team = \"a\" }\n",
    )
    .unwrap();
    let save = format!("config save nightly --file {}", file.display());
    let saved = finish(sched(&world, &save)).await.expect_code(0);
    assert!(
        saved.stderr.contains("saved the configuration nightly"),
        "{saved:?}"
    );
    let submit = format!("submit {PROGRAM} --config nightly --rate 100 -d 1s --label team=b");
    let submit = tokio::spawn(finish(sched(&world, &submit)));
    a.run_well(&*world.store, 100).await;
    let finished = submit.await.unwrap();
    assert!(
        finished.stderr.contains("note       configuration nightly"),
        "{finished:?}"
    );
    let JobView { job, .. } = world.remote.get("last").await.unwrap();
    assert_eq!(job.spec.describe_load(), "100/s for 1s");
    assert_eq!(
        (&*job.spec.name, &*job.spec.labels["team"]),
        ("nightly load", "b")
    );
    assert_eq!(job.spec.thresholds.len(), 1);

    let missing = finish(sched(&world, &format!("submit {PROGRAM} --config nightl"))).await;
    let missing = missing.expect_code(2);
    assert!(
        missing.stderr.contains("unknown configuration `nightl`"),
        "{missing:?}"
    );
    let both = format!("submit {PROGRAM} --config nightly --file {}", file.display());
    finish(sched(&world, &both)).await.expect_code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_binary_is_gone_is_not_run_with_another_one() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let submit = tokio::spawn(finish(sched(
        &world,
        &format!("submit {PROGRAM} --rate 100 -d 1s"),
    )));
    a.run_well(&*world.store, 100).await;
    submit.await.unwrap().expect_code(0);
    let job = world.remote.get("last").await.unwrap().job;
    let rerun = tokio::spawn(finish(sched(&world, "rerun last")));
    a.run_well(&*world.store, 100).await;
    rerun.await.unwrap().expect_code(0);
    std::fs::remove_file(world.dir.join("artifacts").join(&job.spec.binary_sha256)).unwrap();
    let gone = finish(sched(&world, "rerun last")).await.expect_code(2);
    assert!(gone.stderr.contains("add --binary FILE"), "{gone:?}");
    let other = finish(sched(&world, "rerun last --binary /bin/false"))
        .await
        .expect_code(2);
    assert!(other.stderr.contains("is not the binary of the job"), "{other:?}");
    let given = tokio::spawn(finish(sched(&world, &format!("rerun last --binary {PROGRAM}"))));
    a.run_well(&*world.store, 100).await;
    given.await.unwrap().expect_code(0);
}
