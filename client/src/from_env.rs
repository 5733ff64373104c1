//! Flags that read their value from the environment too, where they are not given.

use std::ops::Deref;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use serde::Serialize;

/// Flags of `T`; `--max-in-flight` also reads `HEAVY_MAX_IN_FLIGHT`, and so do the others. Beside them, the variables that have
/// set some.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FromEnv<T>(pub T, #[serde(skip)] pub(super) Vec<String>);

impl<T> Deref for FromEnv<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for FromEnv<T> {
    fn augment_args(command: Command) -> Command {
        with_env::<T>(T::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        with_env::<T>(T::augment_args_for_update(command))
    }
}

impl<T: Args> FromArgMatches for FromEnv<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self(T::from_arg_matches(matches)?, set_by::<T>(matches)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.1 = set_by::<T>(matches);
        self.0.update_from_arg_matches(matches)
    }
}

/// The variables that have set flags.
fn set_by<T: Args>(matches: &ArgMatches) -> Vec<String> {
    let flags = T::augment_args(Command::new(""));
    let set = flags
        .get_arguments()
        .filter(|flag| matches.value_source(flag.get_id().as_str()) == Some(ValueSource::EnvVariable));
    set.filter_map(|flag| Some(variable(flag.get_long()?))).collect()
}

fn variable(long: &str) -> String {
    format!("HEAVY_{}", long.to_uppercase().replace('-', "_"))
}

fn with_env<T: Args>(command: Command) -> Command {
    let flags = T::augment_args(Command::new(""));
    let longs = flags
        .get_arguments()
        .filter_map(|flag| Some((flag.get_id(), flag.get_long()?)));
    longs.fold(command, |command, (id, long)| {
        command.mut_arg(id, |flag| flag.env(variable(long)))
    })
}
