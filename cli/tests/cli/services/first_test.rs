//! The page "First test in ten minutes": its commands are typed as they stand there, in an empty directory.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Options, Target};
use heavy_testkit::{Run, TempDir, binary, eventually};

use super::scaffold::with_cargo;
use crate::docs::desk::{blocks, read};

const PAGE: &str = "docs/first-test.md";
const BUY: &str = "services/shop/src/workflows/buy.rs";

/// How long a job may take to start on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Where the reader types.
struct Terminal {
    here: TempDir,
    data: TempDir,
    target: String,
}

impl Terminal {
    fn run(&self, line: &str) -> Run {
        let programs = binary("heavy").parent().unwrap().display().to_string();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
        let line = line.replace("127.0.0.1:8080", &self.target);
        let run = Run::new("sh").args(["-c", &line]).current_dir(self.here.path());
        let run = run.env("PATH", path).env("HEAVY_DATA_DIR", self.data.path());
        // What is not built refuses a cargo profile.
        if line.contains(" shop") {
            with_cargo(run)
        } else {
            run
        }
    }

    /// Types a command that ends by itself. A busy machine may make a job INVALID, and one that has none to compare with.
    fn type_in(&self, line: &str) -> String {
        let typed = self.run(line).finish();
        let is_diff = line.starts_with("heavy diff");
        let is_alone = is_diff && typed.stderr.contains("no comparable earlier job");
        let is_expected = match typed.code {
            Some(0 | 98) => true,
            Some(99) => is_diff,
            Some(1) => is_alone,
            _ => false,
        };
        assert!(is_expected, "{line}: {typed:?}");
        assert!(
            !typed.stdout.is_empty() || !typed.stderr.is_empty(),
            "{line}: {typed:?}"
        );
        typed.stdout
    }

    /// Types a block whose first command runs in the background, and the others while it runs.
    fn type_while_running(&self, lines: &[&str]) {
        let first = lines[0].strip_suffix(" &").unwrap();
        let running = self.run(first).start();
        eventually("the job runs", LIMIT, || {
            let status = self.run("heavy status last").finish();
            let is_new = status.stdout.contains("10m");
            (status.code == Some(0) && is_new && status.stdout.contains("running")).then_some(())
        });
        for line in &lines[1..] {
            self.type_in(line);
        }
        let finished = running.finish();
        // A job that is stopped early ends as if by Ctrl-C.
        assert_eq!(finished.code, Some(130), "{finished:?}");
        let report = std::fs::read_to_string(self.here.path().join("run.txt")).unwrap();
        assert!(report.contains("buy"), "{report}");
    }
}

#[test]
fn every_command_of_the_first_test_works_as_typed() {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let terminal = Terminal {
        here: TempDir::new("first-test"),
        data: TempDir::new("first-test-data"),
        target: target.addr().to_string(),
    };
    let page = read(PAGE);
    let buy = blocks(&page, "rust").remove(0);
    let mut typed = 0;
    for block in blocks(&page, "sh") {
        let lines: Vec<&str> = block.lines().collect();
        typed += lines.len();
        if lines[0].ends_with(" &") {
            terminal.type_while_running(&lines);
            continue;
        }
        for line in lines {
            let said = terminal.type_in(line);
            if line == "heavy new workflow shop/buy" {
                let written = terminal.here.path().join(BUY);
                assert!(written.is_file(), "{said}");
                std::fs::write(written, &buy).unwrap();
            }
            if line == "heavy try shop/buy" {
                assert!(said.contains("there is something to buy"), "{said}");
            }
        }
    }
    assert!(typed >= 20, "{typed}");
    let html = std::fs::read_to_string(terminal.here.path().join("report.html")).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>"));
}
