//! Nothing outlives a test process that is killed: this test runs itself once more as that process.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use heavy_testkit::{Postgres, Run, Signal, TempDir, eventually};

use crate::run::gone;

/// Set in the process that is to be killed; not HEAVY_*, which `Run` removes.
const VICTIM: &str = "KIT_TEST_VICTIM";

#[test]
fn nothing_outlives_a_killed_test_process() {
    if std::env::var_os(VICTIM).is_some() {
        victim();
    }
    let test = std::env::current_exe().unwrap();
    let name = "orphans::nothing_outlives_a_killed_test_process";
    let mut running = Run::new(test)
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, "1")
        .start();
    let line = running.wait_line(|line| line.contains("started "));
    let facts: Vec<&str> = line.split("started ").nth(1).unwrap().split(' ').collect();
    let (child, port, folder) = (facts[0], facts[1].parse::<u16>().unwrap(), Path::new(facts[2]));
    assert!(!gone(child) && folder.is_dir());

    running.signal(Signal::KILL);

    let limit = Duration::from_secs(20);
    eventually("the child to be gone", limit, || gone(child).then_some(()));
    eventually("the cluster to be gone", limit, || {
        std::net::TcpStream::connect(("127.0.0.1", port))
            .is_err()
            .then_some(())
    });
    eventually("the folder to be gone", limit, || {
        (!folder.exists()).then_some(())
    });
}

/// Starts one of each and waits to be killed.
fn victim() -> ! {
    let child = Run::new("sleep").arg("1000").start();
    let folder = TempDir::new("left");
    let port = Postgres::shared().port();
    let mut stdout = std::io::stdout();
    writeln!(
        stdout,
        "started {} {port} {}",
        child.id(),
        folder.path().display()
    )
    .expect("stdout is the pipe of the test that started us");
    loop {
        std::thread::park();
    }
}
