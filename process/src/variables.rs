//! Command lines whose flags also read variables of the environment: an error of a variable names the variable.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, Error, Parser};

/// Parses this process's command line. Ends the process where clap does: for help, and for wrong usage.
#[must_use]
pub fn parse<T: Parser>() -> T {
    try_parse_from(std::env::args_os()).unwrap_or_else(|error| error.exit())
}

/// Parses these arguments, the first of which is the program's name.
///
/// # Errors
/// For help, and for wrong usage.
pub fn try_parse_from<T: Parser>(args: impl IntoIterator<Item = impl Into<OsString>>) -> Result<T, Error> {
    let mut command = T::command();
    let matches = try_matches(&mut command, args)?;
    T::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Matches this process's command line with `command`. Ends the process as [`parse`] does.
#[must_use]
pub fn matches(command: &mut Command) -> ArgMatches {
    try_matches(command, std::env::args_os()).unwrap_or_else(|error| error.exit())
}

fn try_matches(
    command: &mut Command,
    args: impl IntoIterator<Item = impl Into<OsString>>,
) -> Result<ArgMatches, Error> {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let untouched = command.clone();
    let matched = command.try_get_matches_from_mut(&args);
    matched.map_err(|error| with_variables(error, untouched, &args))
}

/// The error with each flag that was not typed shown as its variable.
fn with_variables(mut error: Error, command: Command, args: &[OsString]) -> Error {
    let named = from_variables(command, args);
    let shown = |flag: &String| {
        let found = named.iter().find(|(name, _)| name == flag);
        found.map_or_else(|| flag.clone(), |(_, shown)| shown.clone())
    };
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let value = match error.get(kind) {
            Some(ContextValue::String(flag)) => ContextValue::String(shown(flag)),
            Some(ContextValue::Strings(flags)) => ContextValue::Strings(flags.iter().map(shown).collect()),
            _ => continue,
        };
        error.insert(kind, value);
    }
    error
}

/// The flags whose value is a variable's: as clap names them, and with the variable.
fn from_variables(command: Command, args: &[OsString]) -> Vec<(String, String)> {
    let mut built = command.clone();
    built.build();
    let Ok(matches) = command.ignore_errors(true).try_get_matches_from(args) else {
        return Vec::new();
    };
    let (mut command, mut matches) = (&built, &matches);
    while let Some((name, below)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else {
            break;
        };
        (command, matches) = (found, below);
    }
    let flags = command.get_arguments().filter_map(|flag| {
        let variable = flag.get_env()?;
        let is_typed = matches.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine);
        if is_typed || std::env::var_os(variable).is_none() {
            return None;
        }
        let flag = flag.to_string();
        let shown = format!("{} ({flag})", variable.display());
        Some((flag, shown))
    });
    flags.collect()
}

#[cfg(test)]
mod tests {
    use clap::{Args, Subcommand};

    use super::*;

    /// `PATH` is set wherever tests run, and is no number.
    #[derive(Debug, Parser)]
    struct Program {
        #[command(subcommand)]
        command: Verb,
    }

    #[derive(Debug, Subcommand)]
    enum Verb {
        Run(RunFlags),
    }

    #[derive(Debug, Args)]
    struct RunFlags {
        #[arg(long, env = "PATH")]
        rate: Option<u32>,
        #[arg(long)]
        users: Option<u32>,
        #[arg(long, env = "PATH", conflicts_with = "body")]
        data: Option<String>,
        #[arg(long)]
        body: Option<String>,
    }

    fn problem(args: &[&str]) -> String {
        let args = ["program", "run"].iter().chain(args);
        let parsed = try_parse_from::<Program>(args);
        parsed.unwrap_err().to_string()
    }

    #[test]
    fn a_variable_is_named_only_where_the_flag_was_not_typed() {
        assert!(problem(&[]).contains("for 'PATH (--rate <RATE>)': "));
        assert!(problem(&["--rate", "x"]).contains("'x' for '--rate <RATE>': "));
        assert!(problem(&["--rate=1", "--users", "x"]).contains("'x' for '--users <USERS>': "));
        let conflict = problem(&["--rate=1", "--body", "x"]);
        assert!(conflict.contains("'PATH (--data <DATA>)'"), "{conflict}");
    }
}
