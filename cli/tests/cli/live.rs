//! A running job as people follow it: in plain lines, and on a terminal.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{Run, Running, ServiceProcess, Signal, TempDir, binary};
use serde_json::{Value, json};

/// The waits of these tests are for conditions; the limit only ends a test that hangs.
const LIMIT: Duration = Duration::from_secs(120);

fn target() -> Handle {
    Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap()
}

/// A scheduler with a collector and two agents, `a` and `b`.
struct Fleet {
    scheduler: ServiceProcess,
    _collector: ServiceProcess,
    agents: Vec<Running>,
    _home: TempDir,
}

impl Fleet {
    fn start() -> Self {
        let home = TempDir::new("live");
        let database = format!("sqlite://{}", home.join("heavy.db").display());
        let service = |name: &str, args: &[&str]| {
            let run = Run::binary(name).args(args).args(["--listen", "127.0.0.1:0"]);
            let run = run.args(["--database", &database]).arg("--data-dir");
            ServiceProcess::start(name, run.arg(home.join(name)))
        };
        let scheduler = service("heavy-sched", &["serve"]);
        let collector = service("heavy-collector", &[]);
        let agent = |name: &str| {
            let run = Run::binary("heavy-agent").args(["--name", name, "--scheduler", &scheduler.url()]);
            let run = run.args(["--collector", &collector.url(), "--data-dir"]);
            let agent = run.arg(home.join(name)).timeout(LIMIT).start();
            agent.wait_line(|line| line.contains("connected to"));
            agent
        };
        let agents = ["a", "b"].map(agent).into();
        Self {
            scheduler,
            _collector: collector,
            agents,
            _home: home,
        }
    }

    fn heavy(&self, args: &[&str]) -> Run {
        let run = Run::binary("heavy").args(args);
        run.env("HEAVY_SCHEDULER", self.scheduler.url()).timeout(LIMIT)
    }
}

/// The number behind a word of a plain line.
fn number(line: &str, word: &str) -> f64 {
    let (_, rest) = line.split_once(&format!("  {word} ")).expect(line);
    let digits = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next();
    digits.expect(line).parse().expect(line)
}

#[test]
fn a_lost_agent_and_a_broken_threshold_are_shown_as_they_happen() {
    let (mut fleet, target) = (Fleet::start(), target());
    let param = format!("url=http://{}/", target.addr());
    let test = binary("http_get");
    let submit = [
        "submit",
        test.to_str().unwrap(),
        "--agents",
        "2",
        "--detach",
        "--rate",
        "100",
    ];
    let more = [
        "-d",
        "10m",
        "--param",
        &param,
        "--threshold",
        "http_req_duration: p(95)<1ns",
    ];
    fleet
        .heavy(&[&submit[..], &more].concat())
        .finish()
        .expect_code(0);
    let watch = fleet.heavy(&["watch", "last"]).start();
    let line = watch.wait_line(|line| line.starts_with("at ") && line.contains("is broken"));
    assert!(
        line.contains("threshold http_req_duration: p(95)<1ns is broken: "),
        "{line}"
    );
    let line = watch
        .wait_line(|line| line.contains("rate ") && line.contains("1 of 1 thresholds broken: p(95)<1ns: "));
    assert!(!line.contains("agents 2 ("), "{line}");

    fleet.agents[1].signal(Signal::KILL);
    // Before its lease has expired: half of the load is started, and it is not said that all is.
    let line = watch.wait_line(|line| line.contains("agents 2 (b silent since "));
    let (_, rate) = line.split_once("rate ").expect(&line);
    let (started, _) = rate.split_once(" of 100/s").expect(&line);
    assert!(started.parse::<f64>().unwrap() < 80.0, "{line}");
    assert!(number(&line, "unreported") > 0.0, "{line}");
    let line = watch.wait_line(|line| line.contains("agent b was lost: "));
    assert!(line.starts_with("at "), "{line}");
    let line = watch.wait_line(|line| line.contains("agents 2 (b LOST at ") && line.contains("  rate "));
    // Nobody started what was due to it until the other agent took its share: several seconds at 50/s.
    assert!(number(&line, "dropped") >= 100.0, "{line}");
    fleet.heavy(&["stop", "last", "--now"]).finish().expect_code(0);
    let ended = watch.finish().expect_code(130);
    assert!(ended.stdout.contains("STOPPED"), "{ended:?}");
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
}

#[test]
fn what_runs_has_started() {
    let (home, target) = (TempDir::new("started"), target());
    let url = format!("http://{}/delay/60000", target.addr());
    let heavy = |args: &[&str]| {
        let run = Run::binary("heavy").args(args).timeout(LIMIT);
        run.env("HEAVY_DATA_DIR", home.path())
    };
    // Nothing of either load ends before it is stopped.
    let users = ["--users", "10", "--iterations", "20", "-d", "10m"];
    let rate = ["--rate", "5", "-d", "10m"];
    for (load, seen) in [
        (
            &users[..],
            &["  started 10/20  ok 0  failed 0  ", "  in flight 10"][..],
        ),
        (&rate, &["  rate 5 of 5/s  started "]),
    ] {
        let mut run = heavy(&[&["run", &url][..], load].concat()).start();
        let line = run.wait_line(|line| seen.iter().all(|part| line.contains(part)));
        assert_eq!(number(&line, "ok"), 0.0, "{line}");
        assert!(number(&line, "started") >= 5.0, "{line}");
        run.signal(Signal::INT);
        run.wait_line(|line| line.contains("again"));
        run.signal(Signal::INT);
        run.finish().expect_code(130);
    }
    let asked = [
        "sql",
        "--format",
        "csv",
        "SELECT count(*), count(asked_rate) FROM jobs",
    ];
    let rows = heavy(&asked).finish().expect_code(0).stdout;
    assert!(
        rows.ends_with("\r\n2,1\r\n"),
        "users are asked for no rate: {rows}"
    );
}

/// Columns of the terminal in `terminal.py`.
const COLUMNS: usize = 100;

/// A screen that knows what the view writes, and fails with all else; longer lines wrap.
fn screen_after(written: &str) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0_usize, 0_usize);
    let mut rest = written.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                if lines.len() == row {
                    lines.push(Vec::new());
                }
            }
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['));
                let mut number = String::new();
                let end = loop {
                    match rest.next().unwrap() {
                        c if c.is_ascii_digit() || c == ';' => number.push(c),
                        c => break c,
                    }
                };
                match end {
                    'm' => {}
                    'A' => row -= number.parse::<usize>().unwrap(),
                    'K' => lines[row].truncate(column),
                    'J' => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    other => panic!("unknown escape {other:?}: {written:?}"),
                }
            }
            c => {
                if column == COLUMNS {
                    (row, column) = (row + 1, 0);
                    if lines.len() == row {
                        lines.push(Vec::new());
                    }
                }
                let line: &mut Vec<char> = &mut lines[row];
                if line.len() <= column {
                    line.resize(column + 1, ' ');
                }
                line[column] = c;
                column += 1;
            }
        }
    }
    lines.into_iter().map(String::from_iter).collect()
}

#[test]
fn the_view_on_a_terminal_stays_in_place_and_leaves_nothing() {
    let (home, target) = (TempDir::new("view"), target());
    let url = format!("http://{}/status/404", target.addr());
    let seen = ["rate ", "started ", "✗ failed<1%: 100%", "× 404 GET /status/{id}"];
    let steps = json!([{"expect": seen, "send": ""}]).to_string();
    let run = Run::new("python3").args(["-c", include_str!("terminal.py")]);
    let run = run
        .arg(binary("heavy"))
        .args(["run", &url, "--rate", "20", "-d", "6s"]);
    let run = run.args(["--threshold", "http_req_failed: rate<1%"]);
    let run = run.env("HEAVY_DATA_DIR", home.path()).env("TERM", "xterm");
    let finished = run.stdin(steps).finish().expect_code(0);
    let ended: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert!([99, 98].map(Value::from).contains(&ended["code"]), "{ended}");
    let written = ended["screen"].as_str().unwrap();
    let frames = written.matches("s left").count();
    assert!(frames > 1 && written.contains("\u{1b}[2m"), "{written:?}");
    // The view, as it was when it was last drawn: each of its lines once, below the plan.
    let last = written.rfind("× 404 GET /status/{id}").unwrap();
    let during = screen_after(&written[..last]);
    for label in ["requests    ", "thresholds  ", "errors      ", "started "] {
        let count = during.iter().filter(|line| line.starts_with(label)).count();
        assert_eq!(count, 1, "{label}: {during:#?}");
    }
    let events = during.iter().filter(|line| line.contains("is broken: 100%"));
    assert_eq!(events.count(), 1, "{during:#?}");
    let ended = screen_after(written);
    let left = ended
        .iter()
        .filter(|line| line.contains(" left  rate ") || line.contains("in flight  lag"));
    assert_eq!(left.count(), 0, "{ended:#?}");
}
