//! `heavy new`: what it writes compiles, runs and is listed, outside of this repository.

use std::path::Path;
use std::time::Duration;

use heavy_results::summary::Summary;
use heavy_testkit::{Run, binary};
use serde_json::Value;

use super::Desk;

/// A first build takes as long as the SDK's dependencies do; later ones find them in the folder of this workspace.
const BUILD_LIMIT: Duration = Duration::from_secs(600);

pub(super) fn with_cargo(run: Run) -> Run {
    let programs = binary("heavy");
    let target = programs.parent().and_then(Path::parent).unwrap().join("scaffold");
    run.env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("HEAVY_CARGO_PROFILE", "dev")
        .timeout(BUILD_LIMIT)
}

#[test]
fn a_new_service_compiles_and_runs_at_once() {
    let desk = Desk::new();
    let said = desk
        .heavy(&["new", "service", "scaffolded"])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(said.contains("wrote services/scaffolded/heavy.toml"), "{said}");
    assert!(said.contains("heavy run scaffolded --profile smoke"), "{said}");
    let added = desk
        .heavy(&["new", "workflow", "scaffolded/log-in"])
        .finish()
        .expect_code(0);
    assert!(
        added.stdout.contains("changed services/scaffolded/src/main.rs"),
        "{added:?}"
    );
    desk.heavy(&["new", "service", "another"]).finish().expect_code(0);

    let list = desk.heavy(&["list", "--json"]).finish().expect_code(0).stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[1]["service"], "scaffolded");
    assert_eq!(list[1]["workflows"], serde_json::json!(["visit", "log-in"]));
    let profiles: Vec<_> = list[1]["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(profiles, ["smoke", "load", "soak"]);

    let run = desk.heavy(&[
        "run",
        "scaffolded",
        "--profile",
        "smoke",
        "--duration",
        "2s",
        "--report",
        "json=-",
    ]);
    let finished = with_cargo(run).finish();
    // INVALID where the machine is too busy to start iterations in time.
    assert!([Some(0), Some(98)].contains(&finished.code), "{finished:?}");
    let summary: Summary = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((summary.iterations.scheduled, summary.iterations.failed), (20, 0));
    let names: Vec<_> = summary.workflows.iter().map(|workflow| &*workflow.name).collect();
    assert_eq!(names, ["log-in", "visit"]);
    assert_eq!(summary.job.spec.service, "scaffolded");
}

#[test]
fn nothing_is_overwritten() {
    let desk = Desk::new();
    desk.write("common/src/lib.rs", "mine\n");
    let stderr = desk
        .heavy(&["new", "service", "shop"])
        .finish()
        .expect_code(2)
        .stderr;
    assert!(stderr.contains("common/src/lib.rs already exists"), "{stderr}");
    assert!(!desk.path("services").exists() && !desk.path("Cargo.toml").exists());

    let desk = Desk::new();
    desk.heavy(&["new", "service", "shop"]).finish().expect_code(0);
    let before = std::fs::read_to_string(desk.path("services/shop/src/main.rs")).unwrap();
    for args in [
        &["new", "service", "shop"][..],
        &["new", "workflow", "shop/visit"],
    ] {
        let stderr = desk.heavy(args).finish().expect_code(2).stderr;
        assert!(stderr.contains("already"), "{args:?}: {stderr}");
    }
    desk.write("services/shop/src/workflows/buy.rs", "mine\n");
    let stderr = desk
        .heavy(&["new", "workflow", "shop/buy"])
        .finish()
        .expect_code(2)
        .stderr;
    assert!(stderr.contains("buy.rs already exists"), "{stderr}");
    assert_eq!(
        std::fs::read_to_string(desk.path("services/shop/src/main.rs")).unwrap(),
        before
    );
    let stderr = desk
        .heavy(&["new", "service", "other", "--sdk-version", "0.1"])
        .finish()
        .expect_code(2)
        .stderr;
    assert!(
        stderr.contains("the workspace already defines heavy-sdk"),
        "{stderr}"
    );
}

#[test]
fn the_sdk_is_where_flags_say() {
    for (args, line) in [
        (
            ["--sdk-git", "https://example.com/heavy#v1"],
            "heavy-sdk = { git = \"https://example.com/heavy\", rev = \"v1\" }",
        ),
        (["--sdk-version", "0.1"], "heavy-sdk = \"0.1\""),
    ] {
        let desk = Desk::new();
        desk.heavy(&[&["new", "service", "shop"], &args[..]].concat())
            .finish()
            .expect_code(0);
        let manifest = std::fs::read_to_string(desk.path("Cargo.toml")).unwrap();
        assert!(manifest.lines().any(|there| there == line), "{manifest}");
    }
    let desk = Desk::new();
    let stderr = desk
        .heavy(&["new", "service", "shop", "--sdk-path", "/no/such/folder"])
        .finish()
        .expect_code(2)
        .stderr;
    assert!(stderr.contains("no heavy-sdk in /no/such/folder"), "{stderr}");
}

#[test]
fn the_examples_are_laid_out_like_this() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let desk = Desk::new();
    let list = desk
        .heavy(&["list"])
        .current_dir(examples)
        .finish()
        .expect_code(0)
        .stdout;
    for part in [
        "accounts  Every account",
        "  workflows   dealt, shards\n",
        "  workflows   browse, buy\n",
        "heavy run shop --profile smoke",
    ] {
        assert!(list.contains(part), "{part}: {list}");
    }
    let one = desk
        .heavy(&["list", "shop"])
        .current_dir(examples)
        .finish()
        .expect_code(0)
        .stdout;
    assert!(one.starts_with("shop  ") && !one.contains("accounts"), "{one}");
}
