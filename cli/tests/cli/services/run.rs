//! `heavy run SERVICE`: what is run, with which load and which variables.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_results::summary::Summary;
use heavy_testkit::{Finished, Signal};

use super::{Desk, shop};

/// PASS, or INVALID where the machine is too busy; or FAIL by the rare errors of the demo shop's checkout, which do not stop
/// iterations from being ok.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];

const MANIFEST: &str = r#"
owner = "checkout"
description = "a small shop"
labels = { tier = "1" }
[load]
rate = 40
duration = "1s"
workflows = [{ name = "browse", weight = 3 }, "buy"]
[profiles.smoke]
rate = 20
workflows = ["browse"]
[profiles.users]
users = 4
pacing = "100ms"
duration = "500ms"
[profiles.fleet]
rate = 10
agents = 3
on = { region = "eu" }
"#;

fn target() -> (Handle, String) {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let url = format!("TARGET_URL=http://{}/\n", target.addr());
    (target, url)
}

fn run(desk: &Desk, args: &[&str]) -> (Finished, Summary) {
    let finished = desk.built(&[&["run"], args, &["--report", "json=-"]].concat());
    assert!(RAN.contains(&finished.code), "{args:?}: {finished:?}");
    let summary = serde_json::from_str(&finished.stdout);
    (
        finished.clone(),
        summary.unwrap_or_else(|error| panic!("{error}: {finished:?}")),
    )
}

fn workflows(summary: &Summary) -> Vec<(&str, u64)> {
    let workflows = summary.workflows.iter();
    workflows
        .map(|workflow| (&*workflow.name, workflow.iterations.scheduled))
        .collect()
}

#[test]
fn all_workflows_run_by_the_weights_of_heavy_toml_or_one_alone() {
    let (target, url) = target();
    let desk = Desk::new();
    desk.service("shop", &shop(), MANIFEST)
        .write("services/shop/env.default", "TARGET_URL=http://127.0.0.1:1/\n")
        .write("services/shop/.env", &url);
    let (finished, summary) = run(&desk, &["shop"]);
    assert_eq!(workflows(&summary), [("browse", 30), ("buy", 10)]);
    let spec = &summary.job.spec;
    assert_eq!(
        (&*spec.name, &*spec.service, &*spec.description),
        ("shop", "shop", "a small shop")
    );
    assert_eq!((&*spec.labels["tier"], &*spec.labels["owner"]), ("1", "checkout"));
    assert!(finished.stderr.contains("building shop"), "{finished:?}");
    assert!(target.stats().requests > 60);

    let (_, summary) = run(&desk, &["shop/buy", "--profile", "smoke", "--duration", "500ms"]);
    assert_eq!(workflows(&summary), [("buy", 10)]);
    assert_eq!(summary.job.spec.name, "shop/buy");
    assert_eq!(summary.job.spec.labels["profile"], "smoke");

    let (_, summary) = run(&desk, &["services/shop", "--profile", "smoke"]);
    assert_eq!(workflows(&summary), [("browse", 20)]);

    // Users of a profile take the place of the rate, and a rate of a flag that of the users.
    let (_, summary) = run(&desk, &["shop", "--profile", "users"]);
    assert!(summary.job.spec.load_spec.rate.is_none() && summary.iterations.started > 2);
    let (_, summary) = run(&desk, &["shop", "--profile", "users", "--rate", "10"]);
    assert_eq!(summary.iterations.scheduled, 5);

    // A profile of a fleet does not wait for one here.
    let (finished, summary) = run(&desk, &["shop", "--profile", "fleet"]);
    assert_eq!((summary.iterations.scheduled, summary.agents.len()), (10, 1));
    assert!(finished.stderr.contains("ignored agents, on"), "{finished:?}");
}

#[test]
fn a_demo_shop_is_started_for_those_who_have_none() {
    let desk = Desk::new();
    desk.service("shop", &shop(), MANIFEST)
        .write("services/shop/env.default", "TARGET_URL=demo://shop\n");
    let (finished, summary) = run(&desk, &["shop", "--profile", "smoke"]);
    assert!(
        finished.stderr.contains("demo://shop is at http://127.0.0.1:"),
        "{finished:?}"
    );
    assert_eq!(summary.iterations.ok, 20);
}

#[test]
fn variables_reach_the_load_test_and_their_values_stay_out_of_logs_and_store() {
    let (_target, url) = target();
    let desk = Desk::new();
    desk.service(
        "shop",
        &shop(),
        &format!("required_env = [\"API_TOKEN\"]\n{MANIFEST}"),
    )
    .write(
        "services/shop/.env",
        &format!("export API_TOKEN='hunter2-in-a-file'\n{url}"),
    );
    let (finished, summary) = run(
        &desk,
        &["shop", "--profile", "smoke", "-e", "OTHER=hunter2-typed"],
    );
    assert_eq!(summary.iterations.ok, 20, "{finished:?}");
    let names: Vec<_> = summary.job.spec.env.keys().map(String::as_str).collect();
    assert!(
        names.contains(&"API_TOKEN") && names.contains(&"OTHER"),
        "{names:?}"
    );
    assert!(!format!("{finished:?}").contains("hunter2"), "{finished:?}");
    let mut files = Vec::new();
    below(desk.data.path(), &mut files);
    assert!(files.iter().any(|file| file.ends_with("heavy.db")), "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(7).any(|window| window == b"hunter2");
        assert!(!found, "a secret is in {}", file.display());
    }
}

/// All files below a folder.
fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.symlink_metadata().unwrap() {
            metadata if metadata.is_dir() => below(&path, files),
            metadata if metadata.is_file() => files.push(path),
            _ => {}
        }
    }
}

#[test]
fn ctrl_c_stops_a_service_and_still_reports() {
    let desk = Desk::new();
    desk.service("shop", &shop(), "[load]\nrate = 20\nduration = \"60s\"\n")
        .write("services/shop/env.default", "TARGET_URL=demo://shop\n");
    let run = desk
        .heavy(&["run", "shop/browse"])
        .env("CARGO", desk.path("cargo"));
    let mut running = run.timeout(Duration::from_secs(120)).start();
    running.wait_line(|line| line.starts_with("running") && line.contains("ends in"));
    running.signal(Signal::INT);
    let ended = running.finish().expect_code(130);
    assert!(ended.stdout.contains("\nSTOPPED "), "{ended:?}");
}
