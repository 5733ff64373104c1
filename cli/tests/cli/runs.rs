//! Several `heavy run` on one data directory: each keeps its own jobs, all are reached, and what a killed one leaves is recovered.

mod recovered;

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_results::job::{JobInfo, JobState, JobView};
use heavy_testkit::{Run, Running, ServiceProcess, Signal, TempDir, eventually};

/// PASS, or INVALID where the machine is too busy to start iterations in time; a test asserts no times.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];

const LIMIT: Duration = Duration::from_secs(60);

/// A data directory and a target.
struct Bench {
    folder: TempDir,
    target: Handle,
}

impl Bench {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            folder: TempDir::new("runs"),
            target: Target::start(listener, Options::default()).unwrap(),
        }
    }

    fn heavy(&self, args: &[&str]) -> Run {
        Run::binary("heavy")
            .args(args)
            .env("HEAVY_DATA_DIR", self.folder.path())
            .timeout(Duration::from_secs(120))
    }

    /// `heavy run` of a job with this name that lasts 10 minutes unless it is stopped, and its id.
    fn long(&self, name: &str) -> (Running, String) {
        self.started(name, &[])
    }

    fn started(&self, name: &str, args: &[&str]) -> (Running, String) {
        let url = format!("http://{}/", self.target.addr());
        let run = ["run", &url, "--rate", "20", "--duration", "10m", "--name", name];
        let run = self.heavy(&[&run, args].concat()).start();
        run.wait_line(|line| line.starts_with("running"));
        let id = eventually("the job runs", LIMIT, || {
            let jobs = self.list(&[]);
            let found = jobs.iter().find(|job| job.spec.name == name);
            found
                .filter(|job| job.state == JobState::Running)
                .map(|job| job.id.to_string())
        });
        (run, id)
    }

    /// A run of one second.
    fn short(&self) -> heavy_testkit::Finished {
        let url = format!("http://{}/", self.target.addr());
        let run = self.heavy(&["run", &url, "--rate", "20", "--duration", "1s", "--name", "short"]);
        let ended = run.finish();
        assert!(RAN.contains(&ended.code), "{ended:?}");
        ended
    }

    fn list(&self, args: &[&str]) -> Vec<JobInfo> {
        let list = self.heavy(&[&["list", "--json"], args].concat()).finish();
        if list.code == Some(1) && list.stderr.contains("no results yet") {
            return Vec::new();
        }
        serde_json::from_str(&list.expect_code(0).stdout).unwrap()
    }

    /// Carries out a command and returns its stderr.
    fn say(&self, args: &[&str]) -> String {
        self.heavy(args).finish().expect_code(0).stderr
    }

    fn view(&self, job: &str) -> JobView {
        let status = self.heavy(&["status", job, "--json"]).finish().expect_code(0);
        serde_json::from_str(&status.stdout).unwrap()
    }

    /// The directories of the commands that use the data directory, or that were killed.
    fn directories(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.join("runs")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn stopped(run: Running) {
    let ended = run.finish().expect_code(130);
    assert!(ended.stdout.contains("\nSTOPPED "), "{}", ended.stdout);
}

#[test]
fn three_at_once_are_listed_and_steered_each() {
    let bench = Bench::new();
    let (first, a) = bench.long("a");
    let (mut second, b) = bench.long("b");
    bench.short();
    let listed: Vec<(String, JobState)> = bench
        .list(&[])
        .into_iter()
        .map(|job| (job.spec.name.clone(), job.state))
        .collect();
    let expected = [
        ("short".to_owned(), JobState::Finished),
        ("b".to_owned(), JobState::Running),
        ("a".to_owned(), JobState::Running),
    ];
    assert_eq!(listed, expected);
    assert_eq!(bench.directories().len(), 2);
    let planned = |job: &str| bench.view(job).job.planned;
    let before = planned(&b);
    assert!(
        bench
            .say(&["rate", &a, "30"])
            .contains(&format!("job {a} now plans "))
    );
    assert!(planned(&a) > before);
    assert_eq!(planned(&b), before);
    assert!(bench.say(&["pause", &b]).contains(&format!("paused job {b}")));
    assert!(bench.say(&["resume", &b]).contains(&format!("resumed job {b}")));
    let ended = bench.heavy(&["pause", "last"]).finish().expect_code(1);
    assert!(ended.stderr.contains("is finished"), "{}", ended.stderr);
    assert!(bench.say(&["stop", "last"]).contains("has already ended"));
    assert!(bench.say(&["stop", &a]).contains(&format!("stopping job {a}")));
    stopped(first);
    assert!(second.is_alive());
    assert_eq!(bench.view(&b).job.state, JobState::Running);
    let watch = bench.heavy(&["watch", &b]).start();
    watch.wait_line(|line| line.contains("20/s"));
    bench.say(&["stop", &b, "--now"]);
    stopped(second);
    stopped(watch);
    let again = bench.heavy(&["watch", &b]).finish().expect_code(130);
    assert!(again.stdout.contains("\nSTOPPED "), "{}", again.stdout);
    assert_eq!(bench.directories(), Vec::<String>::new());
}

#[test]
fn the_first_runs_of_a_directory_may_start_at_the_same_instant() {
    let bench = Bench::new();
    let url = format!("http://{}/", bench.target.addr());
    let run = ["run", &url, "--rate", "20", "--duration", "1s"];
    let started: Vec<Running> = (0..3).map(|_| bench.heavy(&run).start()).collect();
    for run in started {
        let ended = run.finish();
        assert!(RAN.contains(&ended.code), "{ended:?}");
        assert!(!ended.stderr.contains("closed job"), "{}", ended.stderr);
    }
    let ended = |job: &JobInfo| job.state == JobState::Finished;
    let jobs = bench.list(&[]);
    assert!(jobs.len() == 3 && jobs.iter().all(ended), "{jobs:?}");
    assert_eq!(bench.directories(), Vec::<String>::new());
}

#[test]
fn a_killed_run_is_recovered_by_the_next_which_leaves_a_live_one_alone() {
    let bench = Bench::new();
    let (mut killed, a) = bench.long("a");
    let (mut live, b) = bench.long("b");
    eventually("results of the run that is killed", LIMIT, || {
        let summary = bench.view(&a).summary?;
        (summary.iterations.ok > 20).then_some(())
    });
    let watch = bench.heavy(&["watch", &a]).start();
    watch.wait_line(|line| line.contains("20/s"));
    killed.kill();
    let state = |job: &str| bench.view(job).job.state;
    assert_eq!(state(&a), JobState::Running, "nobody has closed it yet");
    let lost = bench.heavy(&["pause", &a]).finish();
    assert!(lost.stderr.contains("closes the job"), "{}", lost.stderr);
    let reasons = bench.list(&[]).into_iter().map(|job| job.reason.clone());
    let reasons: Vec<String> = reasons.collect();
    assert_eq!(
        reasons,
        [
            "",
            "its command was killed: the next `heavy run` or `heavy up` closes it"
        ]
    );
    let watch = watch.finish().expect_code(1);
    assert!(watch.stderr.contains("closes the job"), "{}", watch.stderr);
    assert_eq!(bench.directories().len(), 2);
    let next = bench.short();
    let said = format!("closed job {a}, which `heavy run` left unfinished");
    assert!(next.stderr.contains(&said), "{}", next.stderr);
    let closed = bench.view(&a);
    assert_eq!(closed.job.state, JobState::Failed);
    assert_eq!(
        closed.job.reason,
        "`heavy run` ended unexpectedly while the job was running"
    );
    let summary = closed.summary.unwrap();
    assert!(summary.iterations.ok > 20);
    assert!(summary.iterations.balances(), "{:?}", summary.iterations);
    // Over what ran, not over the ten minutes.
    assert!(closed.job.achieved_rate.unwrap() > 1.0, "{:?}", closed.job);
    // Rows are spooled less often than roll-ups.
    let rows = format!("select count(*) as n from requests where job_id = '{a}'");
    let rows = bench.heavy(&["sql", "--format", "csv", &rows]).finish();
    let rows: u64 = rows.stdout.lines().nth(1).unwrap().trim().parse().unwrap();
    assert!(rows > 0);
    assert_eq!(state(&b), JobState::Running);
    assert!(live.is_alive());
    assert_eq!(bench.directories().len(), 1);
    let again = bench.short();
    assert!(!again.stderr.contains("closed job"), "{}", again.stderr);
    live.signal(Signal::INT);
    stopped(live);
    assert_eq!(bench.directories(), Vec::<String>::new());
}

#[test]
fn a_run_into_another_database_is_listed_and_reached_too() {
    let bench = Bench::new();
    let other = format!("sqlite://{}", bench.folder.join("other.db").display());
    let (first, _) = bench.long("here");
    let (second, there) = bench.started("there", &["--database", &other]);
    assert_eq!(bench.list(&[]).len(), 2);
    assert_eq!(bench.list(&["--database", &other]).len(), 2);
    assert_eq!(bench.view(&there).job.spec.name, "there");
    bench.say(&["stop", &there]);
    stopped(second);
    let names = bench.list(&[]).into_iter().map(|job| job.spec.name.clone());
    assert_eq!(names.collect::<Vec<_>>(), ["here"], "its command has ended");
    bench.say(&["stop", "last"]);
    stopped(first);
}

#[test]
fn one_scheduler_serves_a_data_directory_beside_any_run() {
    let bench = Bench::new();
    let up = ServiceProcess::start("heavy up", bench.heavy(&["up", "--listen", "127.0.0.1:0"]));
    let folder = bench.folder.path().display().to_string();
    for second in [
        bench.heavy(&["up", "--listen", "127.0.0.1:0"]),
        Run::binary("heavy-sched").args(["serve", "--listen", "127.0.0.1:0", "--data-dir", &folder]),
    ] {
        let refused = second.finish().expect_code(1);
        let part = format!(
            "the data directory {folder} is in use by another scheduler, `heavy up` (process {}): use it with --scheduler {}",
            up.id(),
            up.url()
        );
        assert!(refused.stderr.contains(&part), "{}", refused.stderr);
    }
    let (run, a) = bench.long("of a run");
    // It takes jobs of others, without being named.
    let test = heavy_testkit::binary("http_get");
    let param = format!("url=http://{}/", bench.target.addr());
    let submit = [
        "submit",
        test.to_str().unwrap(),
        "--detach",
        "--rate",
        "20",
        "--param",
        &param,
    ];
    let submitted = bench
        .heavy(&[&submit[..], &["--duration", "10m"]].concat())
        .finish()
        .expect_code(0);
    let b = submitted.stdout.trim().to_owned();
    eventually("the submitted job runs", LIMIT, || {
        (bench.view(&b).job.state == JobState::Running).then_some(())
    });
    assert_eq!(bench.list(&[]).len(), 2);
    bench.say(&["pause", &b]);
    bench.say(&["stop", &a]);
    stopped(run);
    assert_eq!(bench.view(&b).job.state, JobState::Running);
    bench.say(&["stop", &b]);
    eventually("the submitted job is stopped", LIMIT, || {
        (bench.view(&b).job.state == JobState::Stopped).then_some(())
    });
    up.stop().expect_code(0);
    assert_eq!(bench.directories(), Vec::<String>::new());
}

#[test]
fn a_scheduler_that_was_killed_is_recovered_by_a_run() {
    let bench = Bench::new();
    let up = bench.heavy(&["up", "--listen", "127.0.0.1:0"]);
    let mut up = up.start();
    up.wait_line(|line| line.starts_with("listening"));
    let test = heavy_testkit::binary("http_get");
    let param = format!("url=http://{}/", bench.target.addr());
    let submit = [
        "submit",
        test.to_str().unwrap(),
        "--detach",
        "--rate",
        "20",
        "--param",
        &param,
    ];
    let submit = || {
        let done = bench
            .heavy(&[&submit[..], &["--duration", "10m"]].concat())
            .finish();
        done.expect_code(0).stdout.trim().to_owned()
    };
    let (running, queued) = (submit(), submit());
    eventually("the first job runs", LIMIT, || {
        (bench.view(&running).job.state == JobState::Running).then_some(())
    });
    up.kill();
    let next = bench.short();
    assert!(
        next.stderr.contains(&format!("closed job {running}")),
        "{}",
        next.stderr
    );
    assert_eq!(bench.view(&running).job.state, JobState::Failed);
    assert_eq!(
        bench.view(&queued).job.state,
        JobState::Queued,
        "it waits for the next scheduler"
    );
    assert_eq!(bench.directories(), Vec::<String>::new());
    let up = ServiceProcess::start("heavy up", bench.heavy(&["up", "--listen", "127.0.0.1:0"]));
    eventually("the second job runs", LIMIT, || {
        (bench.view(&queued).job.state == JobState::Running).then_some(())
    });
    bench.say(&["stop", &queued, "--now"]);
    up.stop().expect_code(0);
}
