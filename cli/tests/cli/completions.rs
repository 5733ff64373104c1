//! What shells complete, and the manual pages.

use heavy_testkit::{Run, TempDir, binary};

#[test]
fn bash_completes_commands_flags_and_values() {
    for (program, line, expected) in [
        ("heavy", "heavy exp", "export"),
        ("heavy", "heavy sql --form", "--format"),
        ("heavy", "heavy sql --format ", "json"),
        ("heavy-sched", "heavy-sched pau", "pause"),
        ("heavy-agent", "heavy-agent --spool", "--spool-limit"),
        ("heavy-collector", "heavy-collector --lis", "--listen"),
    ] {
        let script = r#"
            source <("$0" completions bash --program "$1")
            COMP_WORDS=($2) COMP_LINE="$2"
            [[ "$2" == *" " ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            function=$(complete -p "$1" | sed 's/.*-F \([^ ]*\) .*/\1/')
            "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            echo "${COMPREPLY[@]}""#;
        let completed = Run::new("bash")
            .args(["-c", script])
            .arg(binary("heavy"))
            .args([program, line]);
        let completed = completed.finish().expect_code(0);
        let words: Vec<&str> = completed.stdout.split_whitespace().collect();
        assert!(words.contains(&expected), "{line}: {completed:?}");
    }
}

#[test]
fn zsh_and_fish_get_scripts_of_their_own() {
    for (shell, start) in [("zsh", "#compdef heavy"), ("fish", "# Print an optspec")] {
        let script = Run::binary("heavy")
            .args(["completions", shell])
            .finish()
            .expect_code(0)
            .stdout;
        assert!(script.starts_with(start), "{script}");
        assert!(
            script.contains("lint-lines") && !script.contains("launch"),
            "{shell}"
        );
    }
    Run::binary("heavy")
        .args(["completions", "tcsh"])
        .finish()
        .expect_code(2);
}

#[test]
fn every_program_and_command_has_a_manual_page() {
    let folder = TempDir::new("man");
    let pages = folder.join("man1");
    Run::binary("heavy")
        .arg("man")
        .arg(&pages)
        .finish()
        .expect_code(0);
    for page in [
        "heavy",
        "heavy-sql",
        "heavy-export",
        "heavy-sched",
        "heavy-sched-serve",
        "heavy-agent",
        "heavy-collector",
    ] {
        let text = std::fs::read_to_string(pages.join(format!("{page}.1"))).unwrap();
        assert!(
            text.contains(".TH ") && text.contains(".SH DESCRIPTION"),
            "{page}"
        );
    }
    let one = Run::binary("heavy").arg("man").finish().expect_code(0).stdout;
    assert_eq!(one, std::fs::read_to_string(pages.join("heavy.1")).unwrap());
    let nowhere = Run::binary("heavy")
        .args(["man", "/dev/null/man"])
        .finish()
        .expect_code(1);
    assert!(
        nowhere
            .stderr
            .contains("cannot write manual pages to /dev/null/man"),
        "{}",
        nowhere.stderr
    );
}
