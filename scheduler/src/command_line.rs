//! The command line of `heavy-sched`; its manual pages and completions are generated from it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Data directory for artifacts, configurations and the default database [default: $XDG_DATA_HOME/heavy or ~/.local/share/heavy]
    #[arg(long, value_name = "DIR", env = "HEAVY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}
