//! The command line of `heavy-collector`, from which its manual page and completions are made too.

use std::path::PathBuf;

use clap::Parser;

/// Receives results from agents and commits them to a database
#[derive(Debug, Parser)]
#[command(name = "heavy-collector", version)]
pub struct Args {
    /// Address to listen on; loopback only
    #[arg(
        long,
        env = "HEAVY_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:7701"
    )]
    pub listen: String,
    /// postgres://USER:PASSWORD@HOST/DATABASE or sqlite://PATH [default: heavy.db in the data dir]
    #[arg(long, env = "HEAVY_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Folder of the default database [default: $XDG_DATA_HOME/heavy, else ~/.local/share/heavy]
    #[arg(long, env = "HEAVY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}
