//! The command line of `heavy-sched`; its manual pages and completions are generated from it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use heavy_load::span::Span;
use heavy_process::retention::{Retention, parse_bytes};
use heavy_process::variables;

use crate::RetentionPolicy;

use heavy_client::{JobsArgs, SchedulerFlag, Verb};

/// Schedule load tests on agents and report their results
#[derive(Debug, Parser)]
#[command(name = "heavy-sched", version)]
pub struct Cli {
    /// Scheduler that client commands connect to.
    #[command(flatten)]
    pub scheduler: SchedulerFlag,
    /// Server or client command.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands of `heavy-sched`: the server, and the client commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the scheduler for agents and clients
    Serve(ServeArgs),
    /// List the newest jobs
    List(JobsArgs),
    /// Commands sent to a running scheduler.
    #[command(flatten)]
    Client(Verb),
}

/// Options of `heavy-sched serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Loopback address to listen on
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEAVY_LISTEN",
        default_value = "127.0.0.1:7700"
    )]
    pub listen: String,
    /// Results database: postgres://USER:PASSWORD@HOST/DATABASE or sqlite://PATH [default: heavy.db in the data directory]
    #[arg(long, value_name = "URL", env = "HEAVY_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// What stays.
    #[command(flatten)]
    pub retention: RetentionFlags,
    /// Data directory for artifacts, configurations and the default database [default: $XDG_DATA_HOME/heavy or ~/.local/share/heavy]
    #[arg(long, value_name = "DIR", env = "HEAVY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

/// What of the data stays, and for how long.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionFlags {
    /// Time after which an unused binary or file of a load test is removed
    #[arg(long, value_name = "D", env = "HEAVY_KEEP_BINARIES", default_value = "30d")]
    pub keep_binaries: Span,
    /// Maximum size of all binaries and files; those that were unused longest are removed first
    #[arg(long, value_name = "SIZE", env = "HEAVY_BINARIES_LIMIT", default_value = "4GB", value_parser = parse_bytes)]
    pub binaries_limit: u64,
    /// Time after which a job that has ended is deleted with its results [default: never]
    #[arg(long, value_name = "D", env = "HEAVY_KEEP_RESULTS")]
    pub keep_results: Option<Span>,
}

/// The flags alone, to read them from the environment.
#[derive(Debug, Parser)]
struct RetentionOfEnvironment {
    #[command(flatten)]
    flags: RetentionFlags,
}

impl RetentionFlags {
    /// What the environment says, for commands that do not have the flags.
    ///
    /// # Errors
    /// When a variable has an invalid value.
    pub fn from_env() -> Result<Self, clap::Error> {
        variables::try_parse_from::<RetentionOfEnvironment>(["heavy"]).map(|only| only.flags)
    }

    /// The policy that these flags describe.
    #[must_use]
    pub fn policy(&self) -> RetentionPolicy {
        RetentionPolicy {
            artifacts: Retention {
                age: Duration::from_nanos(self.keep_binaries.ns()),
                bytes: self.binaries_limit,
            },
            results: self.keep_results,
        }
    }
}
