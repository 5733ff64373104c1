//! Flags that read their value from the environment too, where they are not given.

use std::ops::Deref;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use serde::Serialize;

/// Flags of `T`; `--max-in-flight` also reads `HEAVY_MAX_IN_FLIGHT`, and so do the others.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FromEnv<T>(pub T);

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

impl<T: FromArgMatches> FromArgMatches for FromEnv<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

fn with_env<T: Args>(command: Command) -> Command {
    let flags = T::augment_args(Command::new(""));
    let longs = flags
        .get_arguments()
        .filter_map(|flag| Some((flag.get_id(), flag.get_long()?)));
    longs.fold(command, |command, (id, long)| {
        let variable = format!("HEAVY_{}", long.to_uppercase().replace('-', "_"));
        command.mut_arg(id, |flag| flag.env(variable))
    })
}
