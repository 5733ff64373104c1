//! The command line of `heavy-collector`; its manual page and completions are generated from it.

use std::path::PathBuf;

use clap::Parser;

/// Receive results from agents and commit them to a database
#[derive(Debug, Parser)]
#[command(name = "heavy-collector", version)]
pub struct Args {
    /// Loopback address to listen on
    #[arg(
        long,
        env = "HEAVY_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:7701"
    )]
    pub listen: String,
    /// Results database: postgres://USER:PASSWORD@HOST/DATABASE or sqlite://PATH [default: heavy.db in the data directory]
    #[arg(long, env = "HEAVY_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Directory of the default database [default: $XDG_DATA_HOME/heavy or ~/.local/share/heavy]
    #[arg(long, env = "HEAVY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}
