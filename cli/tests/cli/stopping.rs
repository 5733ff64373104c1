//! Load is stopped, paused and changed while the results database is away, and where no scheduler answers.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{
    Database, FaultProxy, Postgres, ProxyFault, Run, Running, ServiceProcess, Signal, TempDir, binary,
    eventually,
};

const LIMIT: Duration = Duration::from_secs(60);
/// The pauses between requests are much shorter.
const SILENCE: Duration = Duration::from_secs(2);

/// A target, and services of one data directory.
struct Bench {
    folder: TempDir,
    target: Handle,
    up: ServiceProcess,
}

impl Bench {
    fn new(database: Option<&str>) -> Self {
        let folder = TempDir::new("stopping");
        let mut up = Run::binary("heavy")
            .args(["up", "--listen", "127.0.0.1:0"])
            .env("HEAVY_DATA_DIR", folder.path());
        if let Some(database) = database {
            up = up.args(["--database", database]);
        }
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            folder,
            target: Target::start(target, Options::default()).unwrap(),
            up: ServiceProcess::start("heavy up", up),
        }
    }

    fn heavy(&self, args: &[&str]) -> Run {
        Run::binary("heavy")
            .args(args)
            .args(["--scheduler", &self.up.url()])
            .timeout(Duration::from_secs(120))
    }

    /// Carries out a command that succeeds, and returns what it says.
    fn say(&self, args: &[&str]) -> String {
        self.heavy(args).finish().expect_code(0).stderr
    }

    /// A followed job of ten minutes, once it loads the target, and its id.
    fn job(&self) -> (Running, String) {
        let (test, param) = (binary("http_get"), format!("url=http://{}/", self.target.addr()));
        let submit = ["submit", test.to_str().unwrap(), "--param", &param];
        let load = ["--rate", "50", "--duration", "10m"];
        let submitted = self.heavy(&[submit, load].concat()).start();
        self.more_requests();
        let listed = self.heavy(&["list", "--json"]).finish().expect_code(0).stdout;
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        (submitted, listed[0]["id"].as_str().unwrap().to_owned())
    }

    fn more_requests(&self) {
        let before = self.target.stats().requests;
        eventually("more requests", LIMIT, || {
            (self.target.stats().requests > before + 5).then_some(())
        });
    }

    fn silent(&self) {
        let mut last = (self.target.stats().requests, Instant::now());
        eventually("the target is silent", LIMIT, || {
            let requests = self.target.stats().requests;
            if requests != last.0 {
                last = (requests, Instant::now());
            }
            (last.1.elapsed() > SILENCE).then_some(())
        });
    }

    /// Everything that can be told to a running job, while the database is away.
    fn control(&self, job: &str) {
        let listed = self.heavy(&["list", "--json"]).finish().expect_code(0);
        assert!(listed.stdout.contains(job), "{}", listed.stdout);
        let note = "only queued and running jobs are listed";
        assert!(listed.stderr.contains(note), "{}", listed.stderr);
        let rate = self.say(&["rate", job, "30"]);
        assert!(rate.contains(&format!("job {job} now plans ")), "{rate}");
        assert!(rate.contains("its agent has acknowledged"), "{rate}");
        assert!(rate.contains("does not have this yet"), "{rate}");
        // A prefix and `last` need no database either.
        let paused = self.say(&["pause", "last"]);
        assert!(paused.contains(&format!("paused job {job}")), "{paused}");
        self.silent();
        let resumed = self.say(&["resume", &job[..30]]);
        assert!(resumed.contains(&format!("resumed job {job}")), "{resumed}");
        self.more_requests();
        let stopped = self.say(&["stop", job]);
        assert!(
            stopped.contains(&format!("stopping job {job}: its agent has acknowledged")),
            "{stopped}"
        );
        assert!(stopped.contains("does not have this yet"), "{stopped}");
        self.silent();
        let status = self.heavy(&["status", job]).finish().expect_code(0);
        assert!(status.stdout.contains(job), "{}", status.stdout);
    }
}

fn job_events(database: &Database, job: &str) -> Vec<String> {
    let rows = database.query(&format!(
        "select kind from events where job_id = '{job}' and who = 'a client' order by at"
    ));
    rows.into_iter()
        .map(|row| row[0].clone().unwrap_or_default())
        .collect()
}

const EVENTS: [&str; 4] = ["rate", "pause", "resume", "stop"];

#[test]
fn a_job_is_controlled_while_postgres_is_frozen() {
    let mut postgres = Postgres::start();
    let database = postgres.database();
    let bench = Bench::new(Some(database.url()));
    let (submitted, job) = bench.job();
    postgres.signal(Signal::STOP);
    let listed = Run::binary("heavy").args(["list", "--database", database.url()]);
    let listed = listed
        .env("HEAVY_DATA_DIR", bench.folder.path())
        .finish()
        .expect_code(0);
    assert!(listed.stdout.contains(&job), "{listed:?}");
    assert!(
        listed.stderr.contains("only queued and running jobs"),
        "{listed:?}"
    );
    bench.control(&job);
    postgres.signal(Signal::CONT);
    submitted.finish().expect_code(130);
    assert_eq!(job_events(&database, &job), EVENTS);
}

#[test]
fn a_job_is_controlled_while_the_way_to_postgres_is_a_black_hole() {
    let postgres = Postgres::shared();
    let database = postgres.database();
    let proxy = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], postgres.port())));
    let address = format!(":{}/", postgres.port());
    let port = proxy.url().rsplit(':').next().unwrap().to_owned();
    let bench = Bench::new(Some(&database.url().replace(&address, &format!(":{port}/"))));
    let (submitted, job) = bench.job();
    proxy.set(ProxyFault::BlackHole);
    bench.control(&job);
    proxy.heal();
    submitted.finish().expect_code(130);
    assert_eq!(job_events(&database, &job), EVENTS);
}

#[test]
fn ctrl_c_ends_the_load_while_postgres_is_down_and_says_how_far() {
    let mut postgres = Postgres::start();
    let database = postgres.database();
    let bench = Bench::new(Some(database.url()));
    let (mut submitted, job) = bench.job();
    postgres.kill();
    submitted.signal(Signal::INT);
    submitted.wait_line(|line| line.starts_with("the scheduler stops the load: its agent has acknowledged"));
    bench.silent();
    submitted.signal(Signal::INT);
    submitted.wait_line(|line| line.starts_with("stopping now"));
    submitted.wait_line(|line| line.starts_with("the load was already"));
    submitted.signal(Signal::INT);
    let left = submitted.finish().expect_code(130);
    assert!(
        left.stderr.contains("leaving: the scheduler has stopped the job"),
        "{}",
        left.stderr
    );
    postgres.start_again();
    let state = format!("select state from jobs where id = '{job}'");
    eventually("the end is stored", LIMIT, || {
        let state: String = database.value(&state);
        (state == "stopped").then_some(())
    });
    assert!(job_events(&database, &job).contains(&"stop".to_owned()));
}

#[test]
fn a_job_is_stopped_while_another_process_locks_the_sqlite_file() {
    let bench = Bench::new(None);
    let (submitted, job) = bench.job();
    let lock = "import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
database.execute('begin exclusive')
print('locked', flush=True)
time.sleep(600)";
    let locked = Run::new("python3")
        .args(["-c", lock])
        .arg(bench.folder.join("heavy.db"))
        .timeout(Duration::from_secs(120));
    let mut locked = locked.start();
    locked.wait_line(|line| line == "locked");
    let stopped = bench.say(&["stop", "last"]);
    assert!(
        stopped.contains(&format!("stopping job {job}: its agent has acknowledged")),
        "{stopped}"
    );
    bench.silent();
    locked.kill();
    submitted.finish().expect_code(130);
}

#[test]
fn stop_all_stops_the_jobs_of_a_scheduler_and_of_local_runs() {
    let bench = Bench::new(None);
    let local = |args: &[&str]| {
        let run = Run::binary("heavy").args(args);
        run.env("HEAVY_DATA_DIR", bench.folder.path())
            .timeout(Duration::from_secs(120))
    };
    let nothing = local(&["stop", "--all"]).finish().expect_code(0).stderr;
    assert!(
        nothing.contains("no job is queued or running at `heavy up`"),
        "{nothing}"
    );
    let (submitted, first) = bench.job();
    let (test, url) = (binary("http_get"), format!("http://{}/", bench.target.addr()));
    // There is one agent, which is busy.
    let queued = bench.heavy(&["submit", test.to_str().unwrap(), "--detach", "--rate", "5"]);
    let queued = queued.finish().expect_code(0).stdout.trim().to_owned();
    let run = local(&["run", &url, "--rate", "20", "--duration", "10m"]).start();
    run.wait_line(|line| line.starts_with("running"));
    let said = local(&["stop", "--all", "--now"]).finish().expect_code(0).stderr;
    assert!(said.contains(&format!("stopping job {first} now")), "{said}");
    assert!(
        said.contains(&format!("stopped job {queued}, which was queued")),
        "{said}"
    );
    assert_eq!(said.matches("stopping job ").count(), 2, "{said}");
    submitted.finish().expect_code(130);
    run.finish().expect_code(130);
    bench.silent();
    // One place alone.
    let said = bench.say(&["stop", "--all"]);
    assert!(said.contains("no job is queued or running at http://"), "{said}");
}

#[test]
fn a_stop_that_reaches_nobody_says_so() {
    let folder = TempDir::new("nobody");
    let heavy = |args: &[&str]| {
        let run = Run::binary("heavy").args(args);
        run.env("HEAVY_DATA_DIR", folder.path()).finish()
    };
    for args in [&["stop", "last"][..], &["stop", "--all"]] {
        let away = [args, &["--scheduler", "http://127.0.0.1:1"]].concat();
        let away = heavy(&away).expect_code(1).stderr;
        assert!(away.contains("nothing was stopped"), "{away}");
        assert!(away.contains("within 10 s"), "{away}");
    }
    let nobody = heavy(&["stop", "--all"]).expect_code(1).stderr;
    assert!(
        nobody.contains("nothing was stopped: no command or scheduler uses"),
        "{nobody}"
    );
    heavy(&["stop"]).expect_code(2);
    heavy(&["stop", "last", "--all"]).expect_code(2);
}
