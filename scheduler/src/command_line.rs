//! The command line of `heavy-sched`, from which its manual pages and completions are made too.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use heavy_client::{JobsArgs, SchedulerFlag, Verb};

/// Takes load tests, hands them to agents and says how they went
#[derive(Debug, Parser)]
#[command(name = "heavy-sched", version)]
pub struct Cli {
    /// Which scheduler clients talk to.
    #[command(flatten)]
    pub scheduler: SchedulerFlag,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Serving, or one of the verbs of clients.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve agents and clients
    Serve(ServeArgs),
    /// List the newest jobs, as `jobs` does
    List(JobsArgs),
    /// What clients ask for.
    #[command(flatten)]
    Client(Verb),
}

/// How to serve.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on; loopback only
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEAVY_LISTEN",
        default_value = "127.0.0.1:7700"
    )]
    pub listen: String,
    /// Results database: postgres://USER:PASSWORD@HOST/DATABASE or sqlite://PATH [default: heavy.db in the data dir]
    #[arg(long, value_name = "URL", env = "HEAVY_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Folder for binaries [default: $XDG_DATA_HOME/heavy or ~/.local/share/heavy]
    #[arg(long, value_name = "DIR", env = "HEAVY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}
