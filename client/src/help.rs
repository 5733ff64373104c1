//! The short help (`-h`) of commands with many flags: those that most people need in a line each, all others by name, grouped.
//! `--help` describes every flag.

use clap::{Arg, Command};

/// A command with more flags than this has a short help of its own.
const MANY: usize = 20;

/// Flags with a line of their own, by their ids.
const ESSENTIAL: [&str; 15] = [
    "rate",
    "duration",
    "users",
    "stages",
    "iterations",
    "thresholds",
    "param",
    "env",
    "profile",
    "method",
    "headers",
    "data",
    "report",
    "full",
    "scheduler",
];

/// Columns of a line.
const WIDTH: usize = 80;

/// Columns before the description of a flag.
const INDENT: usize = 29;

/// Gives the commands that have many flags a short help.
#[must_use]
pub fn with_short_help(command: Command) -> Command {
    below(command, &[])
}

/// As [`with_short_help`], with the global flags of the commands above.
fn below(command: Command, globals: &[Arg]) -> Command {
    let own = command.get_arguments().filter(|arg| arg.is_global_set());
    let globals: Vec<Arg> = globals.iter().chain(own).cloned().collect();
    command.mut_subcommands(|command| {
        if command.get_arguments().count() > MANY {
            shortened(command.args(&globals))
        } else {
            below(command, &globals)
        }
    })
}

fn shortened(command: Command) -> Command {
    let mut groups: Vec<(String, Vec<&Arg>)> = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
        let heading = arg.get_help_heading().unwrap_or("Other");
        match groups.iter_mut().find(|(name, _)| name == heading) {
            Some((_, args)) => args.push(arg),
            None => groups.push((heading.to_owned(), vec![arg])),
        }
    }
    // Flags without a heading come last, as the least important.
    groups.sort_by_key(|(name, _)| name == "Other");
    let mut text = String::new();
    for (name, args) in &groups {
        text.push_str(&format!("{name}:\n"));
        group(&mut text, args);
    }
    text.push_str("--help describes every flag, with its variable (HEAVY_...) and examples.");
    let long = command.get_after_help().cloned().unwrap_or_default();
    command
        .mut_args(|arg| {
            if arg.is_positional() {
                arg
            } else {
                arg.hide_short_help(true)
            }
        })
        .after_help(text)
        .after_long_help(long)
}

fn group(text: &mut String, args: &[&Arg]) {
    let is_essential = |arg: &&&Arg| ESSENTIAL.contains(&arg.get_id().as_str());
    for arg in args.iter().filter(is_essential) {
        text.push_str(&line(&format!("  {}", usage(arg)), arg));
    }
    let mut line = String::from(" ");
    for arg in args.iter().filter(|arg| !is_essential(arg)) {
        let Some(long) = arg.get_long() else { continue };
        let word = match arg.get_short() {
            Some(short) => format!(" -{short}/--{long}"),
            None => format!(" --{long}"),
        };
        if line.len() + word.len() > WIDTH {
            text.push_str(&format!("{line}\n"));
            line = String::from(" ");
        }
        line.push_str(&word);
    }
    if line.len() > 1 {
        text.push_str(&format!("{line}\n"));
    }
}

/// An argument and what it does.
fn line(usage: &str, arg: &Arg) -> String {
    let indent = INDENT.max(usage.len() + 2);
    format!("{usage:<indent$}{}\n", brief(arg, WIDTH - indent))
}

fn value_name(arg: &Arg) -> &str {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or(arg.get_id().as_str(), |name| name.as_str())
}

/// `-d, --duration <D>`.
fn usage(arg: &Arg) -> String {
    let mut text = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        _ => String::new(),
    };
    if arg.get_action().takes_values() {
        text.push_str(&format!(" <{}>", value_name(arg)));
    }
    text
}

/// The help of a flag, shortened to `most` columns: its first clauses, or else its first words.
fn brief(arg: &Arg, most: usize) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let fits = |end: &usize| help[..*end].chars().count() <= most;
    let is_whole = |end: &usize| {
        let of = |c: char| help[..*end].matches(c).count();
        of('[') == of(']') && of('(') == of(')')
    };
    let longest = |ends: &[&str]| {
        let ends = ends
            .iter()
            .flat_map(|end| help.match_indices(end).map(|(at, _)| at));
        ends.chain([help.len()]).filter(fits).filter(is_whole).max()
    };
    let clause = longest(&["; ", ": ", ". ", ", ", " (", " ["]);
    let end = clause.or_else(|| longest(&[" "])).unwrap_or_default();
    help[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_in_the_short_help_and_described_in_the_long_one() {
        let flags = (0..30).map(|n| {
            Arg::new(format!("flag-{n}"))
                .long(format!("flag-{n}"))
                .help(format!("Does {n}"))
        });
        let rate = Arg::new("rate").long("rate").value_name("N").help(
            "Iterations to start per second, such as 5; and very much more than there are columns on a line",
        );
        let run = Command::new("run").args(flags).arg(rate).after_help("Examples");
        let mut command = with_short_help(Command::new("heavy").subcommand(run));
        let run = command.find_subcommand_mut("run").unwrap();
        let (short, long) = (run.render_help().to_string(), run.render_long_help().to_string());
        for n in 0..30 {
            assert!(short.contains(&format!("--flag-{n}")) && !short.contains(&format!("Does {n}")));
            assert!(long.contains(&format!("Does {n}")), "{long}");
        }
        assert!(
            short.contains("  --rate <N>                 Iterations to start per second, such as 5\n"),
            "{short}"
        );
        assert!(long.contains("Examples") && !short.contains("Examples"));
        assert!(short.lines().count() <= 20, "{short}");
    }
}
