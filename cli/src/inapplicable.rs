//! Variables of flags that do not apply to the test of `heavy run` and `heavy try`: they count as unset. An exported variable is
//! a habit of a shell; only what is typed is refused.

use std::path::PathBuf;

use clap::builder::{OsStr, Resettable};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::output;
use crate::services::Home;
use crate::test_name::Test;

// The flags, by their ids.
const OF_URLS: &[&str] = &[
    "method", "headers", "body", "data", "auth", "follow", "insecure", "cacert", "cert", "key",
];
const OF_SERVICES: &[&str] = &["profile", "cargo_profile"];
const OF_LOAD_TESTS: &[&str] = &["workflows", "param", "params", "with"];
const OF_BINARIES: &[&str] = &["config", "file"];
const OF_FLEETS: &[&str] = &["agents", "on", "weights", "replace", "wait_for_agents", "config"];

/// Flags of which one may be given: a typed one overrides the variable of the other.
const RIVALS: [(&str, &str); 4] = [
    ("body", "data"),
    ("data", "body"),
    ("config", "file"),
    ("file", "config"),
];

/// The command line without the variables of flags that do not apply to the test that is typed.
pub(crate) fn without_variables(command: Command) -> Command {
    // What is wrong with the command line is said when it is parsed.
    let Ok(matches) = command.clone().ignore_errors(true).try_get_matches() else {
        return command;
    };
    let Some((verb @ ("run" | "try"), matches)) = matches.subcommand() else {
        return command;
    };
    let mut ids: Vec<&str> = match matches.get_one::<String>("test") {
        Some(test) => of_other_tests(test, matches),
        None => Vec::new(),
    };
    let rivals = RIVALS.iter().filter(|(id, _)| is_typed(matches, id));
    ids.extend(rivals.map(|(_, other)| *other));
    if source(matches, "cert").is_none() {
        ids.push("key");
    }
    if verb == "run" && !names_scheduler(matches) {
        note_fleet(matches);
        ids.extend(OF_FLEETS);
    }
    let verb = verb.to_owned();
    command.mut_subcommand(verb, |command| {
        command.mut_args(|flag| {
            if ids.contains(&flag.get_id().as_str()) {
                flag.env(Resettable::<OsStr>::Reset)
            } else {
                flag
            }
        })
    })
}

fn of_other_tests(test: &str, matches: &ArgMatches) -> Vec<&'static str> {
    if test.contains("://") {
        return [OF_SERVICES, OF_LOAD_TESTS, &["config", "services"]].concat();
    }
    let services = matches.get_one::<PathBuf>("services");
    let Ok(home) = Home::find(services.map(PathBuf::as_path)) else {
        return Vec::new();
    };
    match Test::resolve(test, home.as_ref()) {
        Ok(Test::Service(_, workflow)) => {
            let workflows: &[&str] = if workflow.is_some() { &["workflows"] } else { &[] };
            [OF_URLS, OF_BINARIES, workflows].concat()
        }
        Ok(Test::Url(_) | Test::Binary(_)) | Err(_) => [OF_URLS, OF_SERVICES].concat(),
    }
}

/// Whether a scheduler runs the job: a typed data location overrides the variable of the scheduler.
fn names_scheduler(matches: &ArgMatches) -> bool {
    let is_typed = |id| is_typed(matches, id);
    // An invalid variable ends the lenient reading of the others.
    let is_exported = std::env::var_os("HEAVY_SCHEDULER").is_some();
    is_typed("scheduler") || (is_exported && !is_typed("database") && !is_typed("data_dir"))
}

/// Where the value of a flag is from; none, too, if the command does not have the flag.
fn source(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    let id = matches.ids().find(|given| given.as_str() == id)?;
    matches.value_source(id.as_str())
}

fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    source(matches, id) == Some(ValueSource::CommandLine)
}

fn is_variable(matches: &ArgMatches, id: &str) -> bool {
    source(matches, id) == Some(ValueSource::EnvVariable)
}

/// Says which variables would have changed the load where there is a fleet.
fn note_fleet(matches: &ArgMatches) {
    let set = OF_FLEETS.iter().filter(|id| is_variable(matches, id));
    let names: Vec<String> = set.map(|id| format!("HEAVY_{}", id.to_uppercase())).collect();
    if !names.is_empty() {
        output::note(&format!(
            "note: ignored {} in the environment: a single agent inside this command runs the load (--scheduler URL uses a fleet)",
            names.join(", ")
        ));
    }
}
