//! Invariants of the code itself: who may depend on whom, and how files begin and how long they are.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod circles;
mod guide;
mod modules;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A longer file has more than one subject.
const MOST_LINES: usize = 350;

/// What each crate may use of the workspace, dev-dependencies aside.
const ARROWS: &[(&str, &[&str])] = &[
    ("load", &[]),
    ("plugin", &["heavy-load"]),
    ("results", &["heavy-load"]),
    ("compare", &["heavy-load", "heavy-results"]),
    ("process", &[]),
    ("trust", &["heavy-process"]),
    ("proto", &["heavy-load", "heavy-results"]),
    ("sdk", &["heavy-load", "heavy-plugin"]),
    ("store", &["heavy-load", "heavy-results", "heavy-proto"]),
    ("api", &["heavy-load", "heavy-results", "heavy-trust"]),
    ("report", &["heavy-load", "heavy-results", "heavy-compare"]),
    (
        "agent",
        &[
            "heavy-load",
            "heavy-plugin",
            "heavy-results",
            "heavy-process",
            "heavy-trust",
            "heavy-proto",
        ],
    ),
    (
        "collector",
        &[
            "heavy-load",
            "heavy-process",
            "heavy-trust",
            "heavy-proto",
            "heavy-store",
        ],
    ),
    (
        "client",
        &[
            "heavy-load",
            "heavy-plugin",
            "heavy-results",
            "heavy-api",
            "heavy-process",
            "heavy-trust",
            "heavy-proto",
            "heavy-report",
            "heavy-store",
        ],
    ),
    (
        "scheduler",
        &[
            "heavy-load",
            "heavy-plugin",
            "heavy-results",
            "heavy-process",
            "heavy-trust",
            "heavy-proto",
            "heavy-report",
            "heavy-store",
            "heavy-api",
            "heavy-client",
        ],
    ),
    ("testkit", &[]),
    ("sim", &[]),
    (
        "chaos",
        &[
            "heavy-plugin",
            "heavy-results",
            "heavy-sdk",
            "heavy-store",
            "heavy-demo-target",
            "heavy-testkit",
        ],
    ),
    ("examples/common", &["heavy-sdk"]),
    ("examples/grpc_health", &["heavy-sdk"]),
    ("examples/http_get", &["heavy-sdk"]),
    ("examples/services/accounts", &["heavy-sdk"]),
    ("examples/services/shop", &["heavy-sdk"]),
    ("examples/websocket_echo", &["heavy-sdk"]),
    ("examples/demo_target", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the workspace")
        .to_owned()
}

/// The heavy crates in the `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]" && line.starts_with("heavy") {
            found.push(line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned());
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    for (folder, allowed) in ARROWS {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        for used in dependencies(&manifest) {
            assert!(
                allowed.contains(&used.as_str()),
                "{folder} must not depend on {used}"
            );
        }
    }
    let members: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let list = workspace
        .split("members = [")
        .nth(1)
        .and_then(|rest| rest.split(']').next())
        .unwrap();
    for member in list
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|member| *member != "cli")
    {
        assert!(
            members.contains_key(member),
            "say in this test what {member} may depend on"
        );
    }
}

#[test]
fn the_pure_crates_read_no_clock_and_do_no_io() {
    let mut files = Vec::new();
    for pure in ["load", "results", "compare", "report"] {
        sources(&root().join(pure).join("src"), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for word in [
            "std::fs",
            "std::net",
            "std::io",
            "Instant::now",
            "SystemTime",
            "async fn",
            "std::env",
        ] {
            assert!(!text.contains(word), "{} uses {word}", file.display());
        }
    }
}

#[test]
fn every_file_says_what_lives_there_and_holds_one_subject() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    let mut faults = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        if !text.starts_with("//!") {
            faults.push(format!("{} does not begin with what lives there", file.display()));
        }
        if text.lines().count() > MOST_LINES {
            faults.push(format!("{} has more than {MOST_LINES} lines", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
