//! What lies in the data directory: each binary once, as long as its retention says, and what `heavy status` shows of it.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{Run, ServiceProcess, TempDir, binary, eventually};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

fn target() -> (Handle, String) {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let param = format!("url=http://{}/", target.addr());
    (target, param)
}

fn heavy(home: &TempDir, args: &[&str]) -> Run {
    let run = Run::binary("heavy").args(args);
    run.env("HEAVY_DATA_DIR", home.path())
        .env("HEAVY_ALLOW_INVALID", "1")
}

fn up(home: &TempDir, args: &[&str]) -> ServiceProcess {
    let up = heavy(home, &[&["up", "--listen", "127.0.0.1:0"], args].concat());
    ServiceProcess::start("heavy up", up)
}

/// Runs a load test in the data directory for a moment.
fn run(home: &TempDir, program: &str) {
    let (_target, param) = target();
    let program = binary(program);
    let program = program.to_str().unwrap();
    let flags = ["--rate", "20", "--duration", "200ms", "--param", &param];
    heavy(home, &[&["run", program], &flags[..]].concat())
        .finish()
        .expect_code(0);
}

/// All files below a directory with their inodes.
fn inodes(dir: &Path, found: &mut Vec<(PathBuf, u64)>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        // A socket or a file of the database may go meanwhile.
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => inodes(&entry.path(), found),
            Ok(metadata) => found.push((entry.path(), metadata.ino())),
            Err(_) => {}
        }
    }
}

fn artifacts(home: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(home.join("artifacts")).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// Makes all artifacts look as if nobody had used them for long.
fn age(home: &TempDir) {
    for name in artifacts(home) {
        let file = File::open(home.join("artifacts").join(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
}

#[test]
fn an_agent_on_the_same_disk_links_the_binary_and_nobody_writes_through_the_link() {
    let home = TempDir::new("disk-link");
    let (_target, param) = target();
    let up = up(&home, &[]);
    let test = binary("http_get");
    let submit = ["submit", test.to_str().unwrap(), "--scheduler", &up.url()];
    let flags = ["--rate", "20", "--duration", "200ms", "--param", &param];
    let submit = [&submit[..], &flags].concat();
    heavy(&home, &submit).finish().expect_code(0);
    let [sha256] = &artifacts(&home)[..] else {
        panic!("{:?}", artifacts(&home));
    };
    let mut files = Vec::new();
    inodes(home.path(), &mut files);
    files.retain(|(path, _)| path.ends_with(sha256));
    assert_eq!(files.len(), 2, "the artifact, and the agent's entry: {files:?}");
    assert_eq!(files[0].1, files[1].1, "both are one file");
    for (path, _) in &files {
        assert_eq!(path.metadata().unwrap().mode() & 0o222, 0, "{}", path.display());
    }

    // A binary that somebody has written all the same is not run again, but uploaded again.
    let original = fs::read(&test).unwrap();
    let path = &files[0].0;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut other = original.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(path, other).unwrap();
    heavy(&home, &submit).finish().expect_code(0);
    for (path, _) in &files {
        assert!(fs::read(path).unwrap() == original, "{}", path.display());
    }
    up.stop().expect_code(0);
}

#[test]
fn status_without_a_job_shows_where_data_is_and_how_long_it_stays() {
    let home = TempDir::new("disk-status");
    run(&home, "http_get");
    let shown = heavy(&home, &["status"]).finish().expect_code(0).stdout;
    let dir = home.path().canonicalize().unwrap();
    for part in [
        format!("data directory  {}\n", home.path().display()),
        "heavy.db\n".to_owned(),
        "binaries and files".to_owned(),
        "until unused for 30d, at most 4.00GB (--keep-binaries, --binaries-limit)".to_owned(),
        "results           until they are deleted".to_owned(),
    ] {
        assert!(shown.contains(&part), "{part}: {shown}");
    }
    let of = |run: Run| serde_json::from_str::<Value>(&run.finish().expect_code(0).stdout).unwrap();
    let here = of(heavy(&home, &["status", "--json"]));
    let binary_bytes = binary("http_get").metadata().unwrap().len();
    let size = |storage: &Value, name: &str| {
        let mut parts = storage["parts"].as_array().unwrap().iter();
        let part = parts.find(|part| part["name"] == name).unwrap();
        (part["bytes"].as_u64().unwrap(), part["files"].as_u64().unwrap())
    };
    let (bytes, files) = size(&here, "binaries and files");
    assert!(bytes >= binary_bytes && files == 1, "{here:?}");
    assert_eq!(
        size(&here, "agent caches").0,
        0,
        "what is linked counts once: {here:?}"
    );
    assert!(here["database_bytes"].as_u64().unwrap() > 10_000, "{here:?}");
    assert_eq!(here["retention"]["keep_results"], Value::Null);

    // A scheduler is asked for its own.
    let up = up(&home, &["--keep-results", "90d", "--binaries-limit", "1GB"]);
    let there = of(heavy(&home, &["status", "--json", "--scheduler", &up.url()]));
    assert_eq!(
        Path::new(there["data_dir"].as_str().unwrap())
            .canonicalize()
            .unwrap(),
        dir
    );
    assert_eq!(size(&there, "binaries and files"), (bytes, files));
    assert_eq!(there["retention"]["binaries_limit_bytes"], 1_000_000_000);
    let text = heavy(&home, &["status", "--scheduler", &up.url()])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(
        text.contains("results           for 90d after the end of their job"),
        "{text}"
    );
    up.stop().expect_code(0);
    let wrong = heavy(&home, &["status"])
        .env("HEAVY_KEEP_RESULTS", "x")
        .finish()
        .expect_code(2);
    let expected =
        "error: invalid value 'x' for 'HEAVY_KEEP_RESULTS (--keep-results <D>)': invalid duration `x`";
    assert!(wrong.stderr.starts_with(expected), "{}", wrong.stderr);
    let wrong = heavy(&home, &["up", "--binaries-limit", "much"])
        .finish()
        .expect_code(2);
    assert!(
        wrong.stderr.contains("expected a size such as 500MB or 4GB"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn old_binaries_go_and_those_of_queued_jobs_stay() {
    let home = TempDir::new("disk-old");
    run(&home, "http_get");
    let [old] = &artifacts(&home)[..] else {
        panic!("one binary was run")
    };
    let serve = || {
        let serve = Run::binary("heavy-sched").args(["serve", "--listen", "127.0.0.1:0"]);
        ServiceProcess::start("scheduler", serve.env("HEAVY_DATA_DIR", home.path()))
    };
    let scheduler = serve();
    // No agent is there: the job waits.
    let queued = heavy(&home, &["submit", "--detach", "--scheduler", &scheduler.url()]);
    let queued = queued.arg(binary("shop"));
    let queued = queued.args(["--workflow", "browse", "--rate", "5", "--wait-for-agents", "1h"]);
    queued.finish().expect_code(0);
    scheduler.stop().expect_code(0);
    assert_eq!(artifacts(&home).len(), 2);
    age(&home);
    let scheduler = serve();
    let left = eventually("the old binary is removed", LIMIT, || {
        let left = artifacts(&home);
        (!left.contains(old)).then_some(left)
    });
    assert_eq!(left.len(), 1, "that of the queued job stays");
    // Results stay unless somebody asked for their end.
    let jobs = heavy(&home, &["jobs", "--scheduler", &scheduler.url(), "--json"]);
    let jobs = jobs.finish().expect_code(0).stdout;
    assert_eq!(jobs.matches("\"state\"").count(), 2, "{jobs}");
    scheduler.stop().expect_code(0);
}

#[test]
fn results_go_only_when_that_is_configured() {
    let home = TempDir::new("disk-results");
    run(&home, "http_get");
    let up = up(&home, &["--keep-results", "1ms"]);
    let jobs = ["jobs", "--scheduler", &up.url(), "--json"];
    eventually("the job is deleted", LIMIT, || {
        let jobs = heavy(&home, &jobs).finish().expect_code(0).stdout;
        (jobs.trim() == "[]").then_some(())
    });
    up.stop().expect_code(0);
}

#[test]
fn an_agent_removes_what_its_cache_keeps_no_longer() {
    let home = TempDir::new("disk-cache");
    let cache = home.join("agent/cache");
    fs::create_dir_all(&cache).unwrap();
    let [old, new] = ["a", "b"].map(|digit| cache.join(digit.repeat(64)));
    for path in [&old, &new] {
        fs::write(path, "x").unwrap();
    }
    let days_old = SystemTime::now() - Duration::from_secs(10 * 86_400);
    File::open(&old).unwrap().set_modified(days_old).unwrap();
    let up = up(&home, &[]);
    let line = up.wait_line(|line| line.contains("--collector"));
    let collector = line
        .split("--collector ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let agent = Run::binary("heavy-agent")
        .args([
            "--scheduler",
            &up.url(),
            "--collector",
            collector,
            "--keep-cache",
            "7d",
        ])
        .args(["--data-dir".as_ref(), home.join("agent").as_os_str()]);
    let agent = ServiceProcess::start_when("agent", agent, |line| line.contains("connected to"));
    eventually("the old entry is removed", LIMIT, || {
        (!old.exists()).then_some(())
    });
    assert!(new.exists());
    agent.stop().expect_code(0);
    up.stop().expect_code(0);
}
