//! What `heavy-sched serve` recovers at its start: killed processes that wrote to its database.

use super::*;

impl Bench {
    fn serve(&self) -> ServiceProcess {
        let serve = Run::binary("heavy-sched").args(["serve", "--listen", "127.0.0.1:0"]);
        ServiceProcess::start("heavy-sched", serve.env("HEAVY_DATA_DIR", self.folder.path()))
    }
}

#[test]
fn a_scheduler_says_its_database_and_closes_what_killed_commands_have_left() {
    let bench = Bench::new();
    bench.serve().kill();
    assert_eq!(bench.directories().len(), 1);
    let (mut killed, job) = bench.long("killed");
    killed.kill();
    let undelivered = bench.folder.join("runs").join(
        bench
            .directories()
            .into_iter()
            .find(|name| name.starts_with("run-"))
            .unwrap(),
    );
    let spool = undelivered.join("agent/spool");
    std::fs::create_dir_all(spool.join("kept")).unwrap();

    let serve = bench.serve();
    let database = format!(
        "results database: sqlite://{}/heavy.db",
        bench.folder.path().display()
    );
    serve.wait_line(|line| line == database);
    serve.wait_line(|line| {
        line.contains("was killed and has left results") && line.contains("`heavy run` or `heavy up`")
    });
    assert_eq!(bench.view(&job).job.state, JobState::Running);
    serve.stop().expect_code(0);
    // What the first scheduler left is gone; results that are not delivered are nobody's to give up.
    assert_eq!(bench.directories().len(), 1);

    std::fs::remove_dir_all(spool).unwrap();
    let serve = bench.serve();
    serve.wait_line(|line| line.contains("closed a job that `heavy run`"));
    let closed = bench.view(&job).job;
    assert_eq!(closed.state, JobState::Failed);
    assert_eq!(
        closed.reason,
        "`heavy run` ended unexpectedly while the job was running"
    );
    serve.stop().expect_code(0);
    assert_eq!(bench.directories(), Vec::<String>::new());
}
