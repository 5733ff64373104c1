//! Which program a person has typed, so that messages and help name that one.

use std::fmt::{self, Display};

use super::scheduler_flag::DEFAULT_SCHEDULER;

/// The program that a person has typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalledAs {
    /// `heavy`
    Heavy,
    /// `heavy-sched`
    HeavySched,
}

impl CalledAs {
    /// The command that serves a scheduler.
    pub(super) const fn serve(self) -> &'static str {
        match self {
            Self::Heavy => "heavy up",
            Self::HeavySched => "heavy-sched serve",
        }
    }

    /// The command that prints the full report of a job at a scheduler, up to the job's id.
    #[must_use]
    pub fn full_report(self, scheduler: &str) -> String {
        let command = match self {
            Self::Heavy => "heavy report",
            Self::HeavySched => "heavy-sched status",
        };
        if scheduler == DEFAULT_SCHEDULER {
            command.to_owned()
        } else {
            format!("{command} --scheduler {scheduler}")
        }
    }

    /// The command line with this program's name in the examples of its help, which name `heavy-sched`.
    #[must_use]
    pub fn name_in_examples(self, command: clap::Command) -> clap::Command {
        let help = command.get_after_help().map(ToString::to_string);
        let command = match help {
            Some(help) => command.after_help(help.replace("heavy-sched ", &format!("{self} "))),
            None => command,
        };
        command.mut_subcommands(|command| self.name_in_examples(command))
    }
}

impl Display for CalledAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heavy => "heavy",
            Self::HeavySched => "heavy-sched",
        })
    }
}
