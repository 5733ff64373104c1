//! The shell's own commands, which begin with a backslash: what they are, and how they are read.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use crate::table::AnswerFormat;

/// Names, arguments and meaning, for the help and for completion.
pub(crate) const COMMANDS: [(&str, &str, &str); 8] = [
    ("d", "[RELATION]", "list relations, or the columns of one"),
    ("jobs", "[N]", "list the last N jobs (default: 10)"),
    (
        "job",
        "[JOB]",
        "show or choose the job of :job: an id, a prefix of an id, or last",
    ),
    ("set", "[NAME VALUE]", "show or set values of placeholders"),
    (
        "format",
        "[table|csv|json]",
        "show or choose the format of results",
    ),
    ("timing", "[on|off]", "show query time"),
    ("?", "", "show this help"),
    ("q", "", "quit (also Ctrl-D)"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShellCommand {
    Relations,
    Relation(String),
    /// The newest jobs, at most this many.
    Jobs(u32),
    ShowJob,
    Job(String),
    ShowValues,
    Set(String, String),
    ShowFormat,
    Format(AnswerFormat),
    /// On, off, or toggled.
    Timing(Option<bool>),
    Help,
    Quit,
}

/// Reads a line without its backslash.
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
                number.ok_or_else(|| format!("invalid number of jobs `{count}`: expected 1 to 1000"))?,
            )
        }
        ("job", "") => ShellCommand::ShowJob,
        ("job", job) => ShellCommand::Job(job.to_owned()),
        ("set", "") => ShellCommand::ShowValues,
        ("set", set) => {
            let parts = set.split_once(char::is_whitespace);
            let (name, value) = parts.ok_or("expected a name and a value, such as \\set sequence 0b5f...")?;
            ShellCommand::Set(name.to_owned(), value.trim().to_owned())
        }
        ("format", "") => ShellCommand::ShowFormat,
        ("format", format) => ShellCommand::Format(
            AnswerFormat::from_str(format, true)
                .map_err(|_| format!("unknown format `{format}`: expected table, csv or json"))?,
        ),
        ("timing", "") => ShellCommand::Timing(None),
        ("timing", "on") => ShellCommand::Timing(Some(true)),
        ("timing", "off") => ShellCommand::Timing(Some(false)),
        ("timing", other) => return Err(format!("unknown value `{other}`: expected on or off")),
        ("?" | "h" | "help", _) => ShellCommand::Help,
        ("q" | "quit", _) => ShellCommand::Quit,
        ("dt" | "dv" | "dtvs", _) => {
            return Err("use \\d to list all relations, \\d RELATION to show one".to_owned());
        }
        _ => return Err(format!("unknown command \\{name}: \\? lists all commands")),
    })
}

pub(crate) fn help() -> String {
    let mut text =
        "Enter read-only statements, over one or more lines, each ending in a semicolon; :job is the id \
                    of a job.\n"
            .to_owned();
    for (name, arguments, meaning) in COMMANDS {
        let usage = format!("\\{name} {arguments}");
        writeln!(text, "  {usage:<26}{meaning}").expect("a String takes all text");
    }
    text.push_str("Tab completes; Ctrl-C cancels a line or a running query; Ctrl-R searches the history.\n");
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
            ("x", "unknown command \\x: \\? lists all commands"),
            ("", "unknown command"),
            ("dt", "\\d RELATION"),
            ("jobs many", "invalid number of jobs"),
            ("jobs 0", "invalid number of jobs"),
            ("format xml", "table, csv or json"),
            ("timing maybe", "expected on or off"),
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
