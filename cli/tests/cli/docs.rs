//! The README and the guide say what is, and what they say to type works.

use std::net::TcpListener;
use std::path::PathBuf;

use heavy_demo_target::{Options, Target};
use heavy_testkit::{Postgres, Run, ServiceProcess, TempDir, binary};

pub(crate) mod desk;

use desk::{Desk, blocks, commands, read, short, smaller};

const LOAD_MODELS: &str = "docs/load-models.md";
const COMING_FROM: &str = "docs/coming-from.md";
const REPORTS: &str = "docs/reports.md";
const THRESHOLDS: &str = "docs/thresholds.md";
const QUERYING: &str = "docs/querying.md";

/// What the pages have in `params.json`.
const PARAMS: &str = r#"{"url":"http://127.0.0.1:8080/"}"#;

#[test]
fn the_smallest_load_test_is_the_example() {
    assert_eq!(
        blocks(&read("README.md"), "rust"),
        [read("examples/http_get/src/main.rs")]
    );
}

#[test]
fn every_link_leads_somewhere() {
    let docs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).unwrap();
    let docs = docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    let docs = docs.filter(|page| page.ends_with(".md"));
    for page in docs.chain(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned)) {
        let page = page.as_str();
        let folder = PathBuf::from(page).parent().unwrap().to_owned();
        for link in read(page).split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            let link = link.split('#').next().unwrap_or_default();
            if !link.is_empty() && !link.starts_with("http") {
                let target = folder.join(link);
                read(target.to_str().unwrap());
            }
        }
    }
}

#[test]
fn what_the_pages_say_to_type_works() {
    let desk = Desk::new();
    let commands = [commands("README.md"), commands("docs/getting-started.md")].concat();
    assert!(commands.len() > 10, "{commands:?}");
    // What the pages take for granted: a demo has been run.
    desk.type_in("heavy demo");
    commands.iter().for_each(|command| desk.type_in(command));
    let csv = std::fs::read_to_string(desk.folder.path().join("requests.csv")).unwrap();
    assert!(csv.starts_with("started_at,name,status,duration_ms\r\n"), "{csv}");
}

#[test]
fn every_load_model_works_as_typed() {
    let desk = Desk::new();
    let page = read(LOAD_MODELS);
    let file = blocks(&page, "toml").remove(0);
    let file: Vec<String> = file.split('"').map(|text| desk.here(&smaller(text))).collect();
    std::fs::write(desk.folder.path().join("job.toml"), file.join("\"")).unwrap();
    let commands = commands(LOAD_MODELS);
    assert!(commands.len() > 12, "{commands:?}");
    commands.iter().for_each(|command| desk.type_in(command));
}

#[test]
fn thresholds_are_judged_as_typed() {
    let desk = Desk::new();
    let commands = commands(THRESHOLDS);
    assert_eq!(commands.len(), 4);
    commands.iter().for_each(|command| desk.type_in(command));
}

#[test]
fn configurations_are_kept_and_jobs_run_again_as_typed() {
    let desk = Desk::new();
    std::fs::write(
        desk.folder.path().join("job.toml"),
        "rate = 20\nduration = \"1s\"\n",
    )
    .unwrap();
    desk.type_in("heavy run http://127.0.0.1:8080/ --rate 20 --duration 500ms");
    let lines = blocks(&read("docs/configurations.md"), "sh").concat();
    let typed: Vec<&str> = lines.lines().filter(|line| line.starts_with("heavy ")).collect();
    assert_eq!(typed.len(), 8);
    for command in typed {
        let finished = desk.run(&short(command)).finish();
        assert!(
            [Some(0), Some(98)].contains(&finished.code),
            "{command}: {finished:?}"
        );
    }
}

#[test]
fn questions_and_exports_work_as_typed() {
    let desk = Desk::new();
    desk.type_in("heavy demo");
    let commands = commands(QUERYING);
    assert_eq!(commands.len(), 10);
    commands.iter().for_each(|command| desk.type_in(command));
    for file in [
        "seconds.csv",
        "requests.csv",
        "iterations.jsonl",
        "durations.hlog",
        "heavy.bash",
        "_heavy-sched",
        "man1/heavy-sched-submit.1",
    ] {
        let written = std::fs::read(desk.folder.path().join(file)).unwrap();
        assert!(written.len() > 20, "{file}");
    }
}

#[test]
fn loads_of_other_tools_and_reports_work_as_typed() {
    let desk = Desk::new();
    let others = commands(COMING_FROM);
    assert_eq!(others.len(), 6);
    others.iter().for_each(|command| desk.type_in(command));
    let reports = commands(REPORTS);
    assert_eq!(reports.len(), 4);
    reports.iter().for_each(|command| desk.type_in(command));
}

#[test]
fn a_running_job_is_changed_as_typed() {
    let desk = Desk::new();
    std::fs::write(desk.folder.path().join("params.json"), desk.here(PARAMS)).unwrap();
    let block = |page: &str, start: &str| {
        let mut all = blocks(&read(page), "sh").into_iter();
        all.find(|block| block.starts_with(start)).unwrap()
    };
    let (up, readme) = (
        block(LOAD_MODELS, "heavy up"),
        block("README.md", "heavy-sched rate"),
    );
    let lines: Vec<&str> = up.lines().collect();
    let up = service(lines[0], &desk.data, "listening on");
    let typed = |line: &str| {
        let run = desk.run(&desk.here(line)).env("HEAVY_SCHEDULER", up.url());
        run.finish().expect_code(0)
    };
    for changes in [lines[2..].to_vec(), readme.lines().collect()] {
        assert!(changes.len() > 5, "{changes:?}");
        typed(lines[1]);
        let mut states = (0..300).map(|_| typed("heavy status last --json").stdout);
        assert!(states.any(|state| state.contains("\"running\"")));
        for line in changes {
            let said = typed(line).stderr;
            assert!(said.contains("job "), "{line}: {said}");
        }
        typed("heavy watch last || true");
    }
    let events = commands(LOAD_MODELS)
        .into_iter()
        .find(|line| line.contains("FROM events"))
        .unwrap();
    let stored = desk.data.path().join("heavy");
    let events = desk.run(&events).env("HEAVY_DATA_DIR", stored);
    let events = events.finish().expect_code(0).stdout;
    for kind in ["rate", "pause", "resume", "params", "stop"] {
        assert!(events.contains(kind), "{kind}: {events}");
    }
    up.stop().expect_code(0);
}

/// Starts a service as a line of the README does, on a port of its own.
fn service(line: &str, home: &TempDir, ready: &str) -> ServiceProcess {
    let words: Vec<&str> = line.trim_end_matches(" &").split_whitespace().collect();
    let run = Run::binary(words[0])
        .args(&words[1..])
        .env("XDG_DATA_HOME", home.path());
    if ready == "listening on" {
        ServiceProcess::start(words[0], run.args(["--listen", "127.0.0.1:0"]))
    } else {
        ServiceProcess::start_when(words[0], run, |line| line.contains(ready))
    }
}

#[test]
fn the_five_lines_on_postgres_work() {
    let database = Postgres::shared().database();
    let home = TempDir::new("five");
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let readme = read("README.md").replace("postgres://heavy@127.0.0.1/heavy", database.url());
    let block = blocks(&readme, "sh")
        .into_iter()
        .find(|block| block.starts_with("heavy-sched serve"))
        .unwrap();
    let lines: Vec<&str> = block.lines().collect();
    assert_eq!(lines.len(), 5);
    let scheduler = service(lines[0], &home, "listening on");
    let collector = service(lines[1], &home, "listening on");
    let agent = lines[2]
        .replace("http://127.0.0.1:7700", &scheduler.url())
        .replace("http://127.0.0.1:7701", &collector.url());
    let agent = service(&agent, &home, "connected to");
    for line in &lines[3..] {
        let line = line
            .replace("target/release/http_get", binary("http_get").to_str().unwrap())
            .replace("127.0.0.1:8080", &target.addr().to_string())
            .replace("--rate 2000 --duration 30s", "--rate 20 --duration 1s");
        let programs = binary("heavy").parent().unwrap().display().to_string();
        let typed = Run::new("sh")
            .args(["-c", &line])
            .env("PATH", format!("{programs}:{}", std::env::var("PATH").unwrap()))
            .env("XDG_DATA_HOME", home.path())
            .env("HEAVY_SCHEDULER", scheduler.url())
            .finish();
        assert!([Some(0), Some(98)].contains(&typed.code), "{line}: {typed:?}");
        assert!(typed.stdout.contains("GET /"), "{line}: {typed:?}");
    }
    assert_eq!(database.value::<u64>("SELECT count(*) FROM requests"), 20);
    assert_eq!(target.stats().requests, 20);
    agent.stop().expect_code(0);
    collector.stop().expect_code(0);
    scheduler.stop().expect_code(0);
}
