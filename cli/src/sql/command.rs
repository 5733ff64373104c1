//! The shell's own commands, which begin with a backslash: what they are, and how they are read.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use crate::table::AnswerFormat;

/// Names, arguments and meaning, for the help and for completion.
pub(crate) const COMMANDS: [(&str, &str, &str); 8] = [
    ("d", "[RELATION]", "relations, or the columns of one"),
    ("jobs", "[N]", "the last N jobs (10)"),
    (
        "job",
        "[JOB]",
        "which job :job stands for: an id, its beginning, or last",
    ),
    ("set", "[NAME VALUE]", "what another :NAME stands for"),
    ("format", "[table|csv|json]", "the form of answers"),
    ("timing", "[on|off]", "whether it is said how long an answer took"),
    ("?", "", "this help"),
    ("q", "", "ends, as Ctrl-D does"),
];

/// A command, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShellCommand {
    /// All relations.
    Relations,
    /// The columns of a relation.
    Relation(String),
    /// So many jobs.
    Jobs(u32),
    /// Says which job is meant.
    ShowJob,
    /// Another job is meant.
    Job(String),
    /// Says what placeholders stand for.
    ShowValues,
    /// A placeholder stands for this.
    Set(String, String),
    /// Says the form.
    ShowFormat,
    /// Another form.
    Format(AnswerFormat),
    /// On, off, or the other way round.
    Timing(Option<bool>),
    Help,
    Quit,
}

/// Reads a line without its backslash.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(line: &str) -> Result<ShellCommand, String> {
    let line = line.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    Ok(match (name, rest) {
        ("d", "") => ShellCommand::Relations,
        ("d", relation) => ShellCommand::Relation(relation.trim_matches('"').to_owned()),
        ("jobs", "") => ShellCommand::Jobs(10),
        ("jobs", count) => {
            let number = count.parse().ok().filter(|count| (1..=1_000).contains(count));
            ShellCommand::Jobs(
                number.ok_or_else(|| format!("{count:?} is not a number of jobs: write 1 to 1000"))?,
            )
        }
        ("job", "") => ShellCommand::ShowJob,
        ("job", job) => ShellCommand::Job(job.to_owned()),
        ("set", "") => ShellCommand::ShowValues,
        ("set", set) => {
            let parts = set.split_once(char::is_whitespace);
            let (name, value) = parts.ok_or("write a name and a value, as in \\set sequence 0b5f...")?;
            ShellCommand::Set(name.to_owned(), value.trim().to_owned())
        }
        ("format", "") => ShellCommand::ShowFormat,
        ("format", format) => ShellCommand::Format(
            AnswerFormat::from_str(format, true)
                .map_err(|_| format!("{format:?} is not a form: write table, csv or json"))?,
        ),
        ("timing", "") => ShellCommand::Timing(None),
        ("timing", "on") => ShellCommand::Timing(Some(true)),
        ("timing", "off") => ShellCommand::Timing(Some(false)),
        ("timing", other) => return Err(format!("{other:?} is neither on nor off")),
        ("?" | "h" | "help", _) => ShellCommand::Help,
        ("q" | "quit", _) => ShellCommand::Quit,
        ("dt" | "dv" | "dtvs", _) => {
            return Err("write \\d for all relations, \\d RELATION for one".to_owned());
        }
        _ => return Err(format!("there is no command \\{name}; \\? lists them")),
    })
}

/// What the shell says of itself.
pub(crate) fn help() -> String {
    let mut text =
        "A statement that reads, over one or more lines, ends with a semicolon; in it :job stands for a \
                    job's id.\n"
            .to_owned();
    for (name, arguments, meaning) in COMMANDS {
        let usage = format!("\\{name} {arguments}");
        writeln!(text, "  {usage:<26}{meaning}").expect("a String takes all text");
    }
    text.push_str(
        "Tab completes; Ctrl-C leaves a line or a running query; Ctrl-R searches what was typed before.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        for (line, expected) in [
            ("d", ShellCommand::Relations),
            ("d jobs;", ShellCommand::Relation("jobs".to_owned())),
            ("jobs 3", ShellCommand::Jobs(3)),
            ("job 0193", ShellCommand::Job("0193".to_owned())),
            (
                "set who  it's me ",
                ShellCommand::Set("who".to_owned(), "it's me".to_owned()),
            ),
            ("format JSON", ShellCommand::Format(AnswerFormat::Json)),
            ("timing", ShellCommand::Timing(None)),
            ("timing on", ShellCommand::Timing(Some(true))),
            ("?", ShellCommand::Help),
            ("q", ShellCommand::Quit),
        ] {
            assert_eq!(parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_is_explained() {
        for (line, part) in [
            ("x", "no command \\x; \\? lists them"),
            ("", "no command"),
            ("dt", "\\d RELATION"),
            ("jobs many", "not a number of jobs"),
            ("jobs 0", "not a number of jobs"),
            ("format xml", "table, csv or json"),
            ("timing maybe", "neither on nor off"),
            ("set a", "a name and a value"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn every_command_is_in_the_help_and_known() {
        let help = help();
        for (name, ..) in COMMANDS {
            assert!(parse(name).is_ok(), "{name}");
            assert!(help.contains(&format!("  \\{name} ")), "{name}");
        }
    }
}
