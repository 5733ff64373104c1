//! Short runs of the chaos runner on each store, with the programs of this build.

use std::time::Duration;

use heavy_testkit::{Run, binary};

/// Long enough for two or three jobs, each with four or five faults.
const MINUTES: &str = "0.5";

/// Far more than a run takes, on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(600);

fn nothing_is_lost(store: &str, seed: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/chaos");
    let programs = binary("heavy-chaos");
    let programs = programs.parent().expect("a program is in a directory");
    let finished = Run::new(script)
        .arg("--bin-dir")
        .arg(programs)
        .args(["--minutes", MINUTES, "--seed", seed])
        .args(["--store", store, "--rate", "100"])
        .timeout(LIMIT)
        .finish()
        .expect_code(0);
    let figures = "lost 0  doubled 0  altered 0  spurious 0";
    assert!(finished.stdout.contains(figures), "{}", finished.stdout);
}

#[test]
fn on_sqlite() {
    nothing_is_lost("sqlite", "1");
}

#[test]
fn on_postgres() {
    nothing_is_lost("postgres", "2");
}
