//! What the programs offer is in the README or in a page of docs: commands, flags, exit codes, report formats.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use heavy_report::ReportFormat;
use heavy_testkit::Run;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The README and all pages, with the blanks of each text made one.
fn pages() -> String {
    let pages = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    let all = pages.chain([root().join("README.md")]);
    let text: Vec<String> = all.map(|page| fs::read_to_string(page).unwrap()).collect();
    text.concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The command lines below `command`, by its help: `heavy config`, `heavy config list`.
fn commands(command: &[&str], found: &mut BTreeSet<String>) {
    let run = Run::binary(command[0]).args(&command[1..]).arg("--help");
    let help = run.finish().expect_code(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in listed.take_while(|line| !line.is_empty()) {
        // Longer descriptions go on below, further in.
        let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else {
            continue;
        };
        let name = name.split(' ').next().unwrap();
        if name != "help" {
            let below = [command, &[name]].concat();
            found.insert(below.join(" "));
            commands(&below, found);
        }
    }
}

#[test]
fn every_command_is_in_the_pages() {
    let pages = pages();
    let mut all = BTreeSet::new();
    commands(&["heavy"], &mut all);
    commands(&["heavy-sched"], &mut all);
    assert!(
        all.contains("heavy config list") && all.contains("heavy-sched serve"),
        "{all:?}"
    );
    // `heavy` has every client command of `heavy-sched`: a page may show either.
    let is_told = |command: &String| {
        let name = command
            .trim_start_matches("heavy-sched ")
            .trim_start_matches("heavy ");
        ["heavy", "heavy-sched"].iter().any(|program| {
            let typed = format!("{program} {name}");
            pages.match_indices(&typed).any(|(at, _)| {
                !pages[at + typed.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '-')
            })
        })
    };
    let untold: Vec<&String> = all.iter().filter(|command| !is_told(command)).collect();
    assert!(untold.is_empty(), "no page shows {untold:?}");
}

#[test]
fn every_flag_of_submit_is_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let help = Run::binary("heavy-sched").args(["submit", "--help"]);
    let help = help.finish().expect_code(0).stdout;
    let options = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'));
    let flags: Vec<&str> = options
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_end_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.starts_with("--") && !["--help", "--scheduler"].contains(word))
        .collect();
    assert!(flags.len() > 30, "{flags:?}");
    for flag in flags {
        assert!(readme.contains(&format!("`{flag}")), "README: no {flag}");
    }
}

#[test]
fn every_exit_code_is_in_the_readme_and_in_the_help_of_run() {
    let source = fs::read_to_string(root().join("load/src/exit_code.rs")).unwrap();
    let codes = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": u8 = "));
    let codes: Vec<(&str, &str)> = codes
        .map(|(name, code)| (name, code.trim_end_matches(';')))
        .collect();
    assert!(codes.contains(&("FAIL", "99")), "{codes:?}");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let help = Run::binary("heavy")
        .args(["run", "--help"])
        .finish()
        .expect_code(0)
        .stdout;
    let help = help.split("Exit codes:").nth(1).unwrap();
    for (name, code) in codes {
        assert!(
            readme.contains(&format!("\n| {code} | ")),
            "README: no row for {name}, {code}"
        );
        let words = |c: char| !c.is_ascii_digit();
        assert!(
            help.split(words).any(|word| word == code),
            "heavy run --help: no {name}, {code}"
        );
    }
}

#[test]
fn every_report_format_is_in_the_readme_and_in_the_page_on_reports() {
    for page in ["README.md", "docs/reports.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for format in ReportFormat::ALL {
            let row = format!("\n| `{}` |", format.as_str());
            assert!(text.contains(&row), "{page}: no row for {}", format.as_str());
        }
    }
}
