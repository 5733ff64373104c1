//! What `heavy` prints fits a screen, and where the figures are that do not.

mod figures;
mod written;

use std::net::TcpListener;

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{Finished, Run, TempDir, example};

/// PASS, or INVALID where the machine is too busy to start iterations in time; a test asserts no times.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];

/// Five workflows with steps, requests, checks, metrics and errors.
const WORKFLOWS: [&str; 5] = ["shopper", "sampler", "stateful", "fails", "panics"];

fn target() -> Handle {
    Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap()
}

fn heavy(data: &TempDir, args: &[&str]) -> Finished {
    Run::binary("heavy")
        .args(args)
        .env("HEAVY_DATA_DIR", data.path())
        .finish()
}

/// A job of five workflows in this data directory; its errors make it FAIL or not.
fn five_workflows(data: &TempDir, args: &[&str]) -> Finished {
    let target = target();
    let url = format!("TARGET_URL=http://{}/", target.addr());
    let binary = example("behaviours");
    let mut all = vec![
        "run",
        binary.to_str().unwrap(),
        "--rate",
        "50",
        "--duration",
        "1s",
        "--env",
        &url,
    ];
    WORKFLOWS.iter().for_each(|name| all.extend(["--workflow", name]));
    all.extend(args);
    heavy(data, &all)
}

/// Lines of the output, stderr included: what a person sees.
fn lines(finished: &Finished) -> usize {
    finished.stdout.lines().count() + finished.stderr.lines().count()
}

#[test]
fn a_url_takes_at_most_thirty_lines_and_ends_with_the_verdict() {
    let (target, data) = (target(), TempDir::new("screen"));
    let url = format!("http://{}/items/7", target.addr());
    let ran = heavy(&data, &["run", &url, "--rate", "50", "--duration", "1s"]);
    assert!(RAN.contains(&ran.code), "{ran:?}");
    assert!(
        lines(&ran) <= 30,
        "{} lines: {}{}",
        lines(&ran),
        ran.stderr,
        ran.stdout
    );
    for part in [
        "GET http://",
        "50/s for 1s",
        "50 started",
        "2xx 50",
        "\nGET /items/{id} ",
        "P99",
        "heavy report",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let last = ran.stdout.lines().last().unwrap();
    assert!(
        last.starts_with("PASS  ") || last.starts_with("      ") || ran.code == Some(98),
        "{last}"
    );

    // The last line but the verdict is a command that works.
    let more = ran
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("more        heavy "))
        .unwrap();
    let full = heavy(&data, &more.split(' ').collect::<Vec<_>>())
        .expect_code(0)
        .stdout;
    assert!(full.contains("Test ID") && full.lines().count() > 60, "{full}");
}

#[test]
fn five_workflows_take_at_most_sixty_lines() {
    let data = TempDir::new("screen");
    let ran = five_workflows(&data, &[]);
    assert!(
        lines(&ran) <= 60,
        "{} lines: {}{}",
        lines(&ran),
        ran.stderr,
        ran.stdout
    );
    for name in WORKFLOWS {
        assert!(
            ran.stdout.contains(&format!("\n{name} ")),
            "{name}: {}",
            ran.stdout
        );
    }
    for line in ran.stdout.lines().filter(|line| !line.starts_with("more ")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(!ran.stdout.contains('\u{1b}'), "colour on no terminal");
}

#[test]
fn a_status_takes_five_lines() {
    let (target, data) = (target(), TempDir::new("screen"));
    let url = format!("http://{}/status/503", target.addr());
    let ran = heavy(&data, &["run", &url, "--rate", "20", "--duration", "500ms"]);
    let status = heavy(&data, &["status", "last"]).expect_code(0).stdout;
    let status: Vec<&str> = status.lines().collect();
    assert_eq!(status.len(), 5, "{status:?}");
    for (line, part) in status
        .iter()
        .zip([" · job ", "finished", "10 started", "requests", " "])
    {
        assert!(line.contains(part), "{part}: {status:?}");
    }
    // The beginning of the reason, as far as there is room.
    let verdict = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("FAIL") || line.starts_with("INVALID"));
    assert_eq!(status[4][..20], verdict.unwrap()[..20]);
    let full = heavy(&data, &["status", "last", "--full"]).expect_code(0).stdout;
    assert!(full.contains("Latency distribution"), "{full}");
}

#[test]
fn an_error_is_shown_with_its_cause() {
    let data = TempDir::new("cause");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}/catalogue/of/all/the/products/{}", "x".repeat(60));
    let load = [
        "--rate",
        "10",
        "--duration",
        "1s",
        "--unique-users",
        "3",
        "--allow-invalid",
    ];
    let ran = heavy(&data, &[&["run", &url][..], &load].concat()).expect_code(99);
    assert!(
        ran.stderr.contains("\nidentities 3 unique users, in rotation\n"),
        "{}",
        ran.stderr
    );
    let errors = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("errors  "))
        .unwrap();
    assert!(errors.contains("10× refused http / GET"), "{errors}");
    assert!(errors.contains("Connection refused"), "{errors}");
    let (_, verdict) = ran.stdout.split_once("\nFAIL  ").unwrap();
    let words: Vec<&str> = verdict.split_whitespace().collect();
    let reason = format!("error is refused (10 times): connecting to {nobody}: Connection refused");
    assert!(words.join(" ").contains(&reason), "{verdict}");
}

#[test]
fn redirects_that_nobody_follows_are_hinted_at() {
    let (target, data) = (target(), TempDir::new("screen"));
    for (status, is_hinted) in [(302, true), (304, false), (200, false)] {
        let url = format!("http://{}/status/{status}", target.addr());
        let ran = heavy(&data, &["run", &url, "--rate", "20", "--duration", "500ms"]);
        assert!(RAN.contains(&ran.code), "{ran:?}");
        assert_eq!(
            ran.stdout.contains("--follow"),
            is_hinted,
            "{status}: {}",
            ran.stdout
        );
    }
}

#[test]
fn the_short_help_of_a_run_takes_forty_lines_and_has_every_flag() {
    for command in [
        &["heavy", "run"][..],
        &["heavy", "submit"],
        &["heavy-sched", "submit"],
        &["heavy", "rerun"],
        &["heavy", "demo"],
        &["heavy", "config", "save"],
    ] {
        let help = |flag: &str| {
            let run = Run::binary(command[0]).args(&command[1..]).arg(flag);
            run.finish().expect_code(0).stdout
        };
        let (short, long) = (help("-h"), help("--help"));
        let count = short.lines().count();
        assert!(count <= 40, "{command:?}: {count} lines\n{short}");
        let flags = long
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with('-'));
        let flags: Vec<&str> = flags
            .filter_map(|line| {
                line.split([' ', ',', '=', '.', '['])
                    .find(|word| word.starts_with("--"))
            })
            .collect();
        assert!(flags.len() > 25, "{flags:?}");
        for flag in flags {
            assert!(short.contains(flag), "{command:?}: no {flag} in\n{short}");
        }
        for line in short.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
