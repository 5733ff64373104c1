//! Several schedulers on one database: one serves it, another is refused or takes over, and none writes what is another's.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{Database, Postgres, Run, Running, ServiceProcess, Signal, TempDir, binary, eventually};

/// The waits of these tests are for conditions; the limit only ends a test that hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// A database, a target, and the data directories of all that write to the one and load the other.
struct Place {
    database: Database,
    target: Handle,
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            database: Postgres::shared().database(),
            target: Target::start(listener, Options::default()).unwrap(),
            home: TempDir::new("schedulers"),
        }
    }

    fn run(&self, program: &str, dir: &str, args: &[&str]) -> Run {
        let run = Run::binary(program).args(args).timeout(LIMIT);
        run.env("HEAVY_DATABASE", self.database.url())
            .env("HEAVY_DATA_DIR", self.home.join(dir))
    }

    fn serve(&self, dir: &str) -> Run {
        self.run("heavy-sched", dir, &["serve", "--listen", "127.0.0.1:0"])
    }

    fn scheduler(&self, dir: &str) -> ServiceProcess {
        ServiceProcess::start(dir, self.serve(dir))
    }

    /// A collector, and an agent of this scheduler.
    fn fleet(&self, scheduler: &ServiceProcess) -> (ServiceProcess, Running) {
        let collector = self.run("heavy-collector", "collector", &["--listen", "127.0.0.1:0"]);
        let collector = ServiceProcess::start("collector", collector);
        let (scheduler, from) = (scheduler.url(), collector.url());
        let args = ["--name", "one", "--scheduler", &scheduler, "--collector", &from];
        let agent = self.run("heavy-agent", "agent", &args).start();
        agent.wait_line(|line| line.contains("connected to"));
        (collector, agent)
    }

    /// Submits 100 requests a second, and returns the job.
    fn submit(&self, scheduler: &ServiceProcess, duration: &str) -> String {
        let param = format!("url=http://{}/", self.target.addr());
        let submit = Run::binary("heavy-sched").args(["--scheduler", &scheduler.url(), "submit"]);
        let submit = submit.arg(binary("http_get")).args(["--detach", "--rate", "100"]);
        let submit = submit.args(["--duration", duration, "--param", &param]).finish();
        submit.expect_code(0).stdout.trim().to_owned()
    }

    fn state(&self, job: &str) -> String {
        self.database
            .value(&format!("SELECT state FROM job_rows WHERE id = '{job}'"))
    }

    fn in_state(&self, job: &str, state: &str) {
        eventually(&format!("job {job} is {state}"), LIMIT, || {
            (self.state(job) == state).then_some(())
        });
    }

    fn reason(&self, job: &str) -> String {
        self.database
            .value(&format!("SELECT reason FROM job_rows WHERE id = '{job}'"))
    }

    /// What the scheduler of a job has written of it.
    fn written(&self, job: &str) -> Vec<String> {
        let of_job = [
            "SELECT epoch || ' ' || state || ' ' || reason FROM job_rows WHERE id",
            "SELECT count(*) FROM seconds WHERE job_id",
            "SELECT count(*) FROM event_rows WHERE job_id",
            "SELECT md5(document) FROM summaries WHERE job_id",
        ];
        of_job
            .map(|sql| self.database.value(&format!("{sql} = '{job}'")))
            .to_vec()
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

#[test]
fn a_second_scheduler_is_refused_and_harms_nothing() {
    let place = Place::new();
    let first = place.scheduler("first");
    let (_collector, mut agent) = place.fleet(&first);
    let job = place.submit(&first, "8s");
    place.in_state(&job, "running");
    copy(&place.home.join("first"), &place.home.join("copy"));
    for dir in ["second", "copy"] {
        let refused = place.serve(dir).finish().expect_code(1).stderr;
        let part = format!("(process {}) at {}, since 20", first.id(), first.url());
        assert!(
            refused.contains("is in use by another scheduler, `heavy-sched serve` on host ")
                && refused.contains(&part)
                && refused.contains(&format!("use it with --scheduler {}, stop it, or", first.url())),
            "{refused}"
        );
        assert!(!refused.contains("heavy-test-only"), "{refused}");
    }
    // Commands have jobs of their own.
    let url = format!("http://{}/", place.target.addr());
    let args = [
        "run",
        &url,
        "--rate",
        "20",
        "--duration",
        "1s",
        "--name",
        "beside",
    ];
    let beside = place.run("heavy", "beside", &args).finish();
    assert!([Some(0), Some(98)].contains(&beside.code), "{beside:?}");
    place.in_state(&job, "finished");
    let requests = |name: &str| -> u64 {
        place.database.value(&format!(
            "SELECT count(*) FROM requests r JOIN jobs j ON j.id = r.job_id WHERE j.name = '{name}'"
        ))
    };
    let dropped: u64 = place.database.value("SELECT sum(dropped) FROM workflow_stats");
    assert_eq!(requests("http_get") + requests("beside") + dropped, 820);
    assert_eq!(place.database.value::<u64>("SELECT count(*) FROM jobs"), 2);
    assert!(agent.is_alive());
    first.stop().expect_code(0);
    assert_eq!(place.database.value::<u64>("SELECT count(*) FROM schedulers"), 0);
}

#[test]
fn a_dead_scheduler_is_replaced_at_once_on_its_data_directory_and_after_a_silence_elsewhere() {
    let place = Place::new();
    let first = place.scheduler("first");
    let job = place.submit(&first, "8s");
    assert_eq!(place.state(&job), "queued");
    first.kill();
    let again = place.scheduler("first");
    assert!(!again.log().contains("waiting to see"), "{}", again.log());
    again.wait_line(|line| line.contains("resumed a queued job"));
    again.kill();
    copy(&place.home.join("first"), &place.home.join("copy"));
    let elsewhere = place.scheduler("copy");
    let waited = "waiting to see whether `heavy-sched serve` on host ";
    assert!(elsewhere.log().contains(waited), "{}", elsewhere.log());
    place.in_state(&job, "queued");
    // One that ends says so: the next need not wait, but it has none of what the job needs.
    elsewhere.stop().expect_code(0);
    let third = place.scheduler("third");
    assert!(!third.log().contains("waiting to see"), "{}", third.log());
    place.in_state(&job, "failed");
    let reason = place.reason(&job);
    assert!(
        reason.contains("does not have what the job needs") && reason.contains("submit it again"),
        "{reason}"
    );
    let epoch: u64 = place.database.value("SELECT epoch FROM schedulers");
    assert_eq!(epoch, 4);
}

#[test]
fn a_frozen_scheduler_that_was_replaced_writes_nothing_and_ends() {
    let place = Place::new();
    let mut frozen = place.serve("first").start();
    let line = frozen.wait_line(|line| line.starts_with("listening on http://"));
    let url = line.trim_start_matches("listening on ").to_owned();
    let collector = place.run("heavy-collector", "collector", &["--listen", "127.0.0.1:0"]);
    let collector = ServiceProcess::start("collector", collector);
    let args = ["--scheduler", &url, "--collector", &collector.url()];
    let mut agent = place.run("heavy-agent", "agent", &args).start();
    agent.wait_line(|line| line.contains("connected to"));
    let param = format!("url=http://{}/", place.target.addr());
    let submit = Run::binary("heavy-sched").args(["--scheduler", &url, "submit"]);
    let submit = submit.arg(binary("http_get")).args(["--detach", "--rate", "50"]);
    let submit = submit.args(["--duration", "10m", "--param", &param]).finish();
    let job = submit.expect_code(0).stdout.trim().to_owned();
    let seconds = format!("SELECT count(*) FROM seconds WHERE job_id = '{job}'");
    eventually("series of the running job", LIMIT, || {
        (place.database.value::<u64>(&seconds) > 1).then_some(())
    });
    // First, so that nothing of the job arrives later.
    agent.kill();
    frozen.signal(Signal::STOP);
    let next = place.scheduler("second");
    place.in_state(&job, "failed");
    assert_eq!(
        place.reason(&job),
        "the scheduler was restarted while the job was running"
    );
    let before = place.written(&job);
    frozen.signal(Signal::CONT);
    let ended = frozen.finish().expect_code(1).stderr;
    assert!(
        ended.contains("lost the results database postgres://heavy@")
            && ended.contains(&format!("(process {}) at {}", next.id(), next.url()))
            && ended.contains("writes nothing more"),
        "{ended}"
    );
    assert_eq!(place.written(&job), before);
    assert!(before[0].starts_with("2 failed "), "{before:?}");
}

#[test]
fn the_scheduler_closes_the_job_of_a_command_that_was_killed_elsewhere() {
    let place = Place::new();
    let scheduler = place.scheduler("first");
    let url = format!("http://{}/", place.target.addr());
    let args = ["run", &url, "--rate", "20", "--duration", "10m"];
    let mut killed = place.run("heavy", "elsewhere", &args).start();
    let job = eventually("the job runs", LIMIT, || {
        let found = place
            .database
            .query("SELECT id FROM job_rows WHERE state = 'running'");
        let id = found.first()?.first()?.clone()?;
        Some(id)
    });
    killed.kill();
    scheduler.wait_line(|line| {
        line.contains("`heavy run` on host ") && line.contains("not been heard of for 30 s")
    });
    place.in_state(&job, "failed");
    assert_eq!(
        place.reason(&job),
        "the command that ran it ended unexpectedly while the job was running"
    );
    scheduler.stop().expect_code(0);
    assert_eq!(place.database.value::<u64>("SELECT count(*) FROM schedulers"), 0);
}
