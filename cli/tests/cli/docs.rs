//! The README and the guide say what is, and what they say to type works.

use std::net::TcpListener;
use std::path::PathBuf;

use heavy_demo_target::{Options, Target};
use heavy_testkit::{Postgres, Run, Service, TempDir, binary};

fn read(path: &str) -> String {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The blocks of a Markdown text in this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    text.split(&open)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn the_smallest_load_test_is_the_example() {
    assert_eq!(
        blocks(&read("README.md"), "rust"),
        [read("examples/http_get/src/main.rs")]
    );
}

#[test]
fn every_link_leads_somewhere() {
    for page in ["README.md", "docs/getting-started.md"] {
        let folder = PathBuf::from(page).parent().unwrap().to_owned();
        for link in read(page).split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if !link.starts_with("http") {
                let target = folder.join(link);
                read(target.to_str().unwrap());
            }
        }
    }
}

/// The commands of both pages that begin with `heavy` and end by themselves on SQLite, in their order.
fn commands() -> Vec<String> {
    let pages = read("README.md") + &read("docs/getting-started.md");
    let lines = blocks(&pages, "sh").concat();
    let by_itself = |line: &&str| {
        ["heavy demo", "heavy run", "heavy report", "heavy sql"]
            .iter()
            .any(|start| line.starts_with(start))
            && !line.contains("postgres://")
            && !line.contains("target/release/mytest")
    };
    lines.lines().filter(by_itself).map(str::to_owned).collect()
}

#[test]
fn what_the_pages_say_to_type_works() {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let (data, folder) = (TempDir::new("typed"), TempDir::new("typed-here"));
    let programs = binary("heavy").parent().unwrap().to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let http_get = binary("http_get");
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    // What the pages take for granted: a demo has been run.
    for command in std::iter::once("heavy demo".to_owned()).chain(commands) {
        let command = command
            .replace("127.0.0.1:8080", &target.addr().to_string())
            .replace("target/release/http_get", http_get.to_str().unwrap());
        // The load is another, so that the test ends soon: flags go before the variables.
        let command = [
            "--rate 500",
            "--rate 200",
            "--rate 100",
            "--duration 30s",
            "--duration 20s",
            "--duration 10s",
        ]
        .iter()
        .fold(command, |command, flag| command.replace(flag, ""));
        let typed = Run::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("HEAVY_DATA_DIR", data.path())
            .env("HEAVY_RATE", "20")
            .env("HEAVY_DURATION", "1s")
            .finish();
        assert!([Some(0), Some(98)].contains(&typed.code), "{command}: {typed:?}");
        assert!(
            command.contains('>') || !typed.stdout.is_empty(),
            "{command}: {typed:?}"
        );
    }
    let csv = std::fs::read_to_string(folder.path().join("requests.csv")).unwrap();
    assert!(csv.starts_with("started_at,name,status,duration_ms\r\n"), "{csv}");
}

/// Starts a service as a line of the README does, on a port of its own.
fn service(line: &str, home: &TempDir, ready: &str) -> Service {
    let words: Vec<&str> = line.trim_end_matches(" &").split_whitespace().collect();
    let run = Run::binary(words[0])
        .args(&words[1..])
        .env("XDG_DATA_HOME", home.path());
    if ready == "listening on" {
        Service::start(words[0], run.args(["--listen", "127.0.0.1:0"]))
    } else {
        Service::start_when(words[0], run, |line| line.contains(ready))
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
