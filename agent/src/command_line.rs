//! The command line of `heavy-agent`, from which its manual page and completions are made too.

use std::path::PathBuf;

use clap::Parser;

use crate::DEFAULT_SCHEDULER;

/// Runs load tests that a scheduler sends, and sends their results to a collector.
#[derive(Debug, Parser)]
#[command(name = "heavy-agent", version)]
pub struct Args {
    /// URL of the scheduler
    #[arg(long, env = "HEAVY_SCHEDULER", value_name = "URL", default_value = DEFAULT_SCHEDULER)]
    pub scheduler: String,
    /// URL of the collector
    #[arg(long, env = "HEAVY_COLLECTOR", value_name = "URL")]
    pub collector: String,
    /// Name, unique among the scheduler's agents [default: the host's name]
    #[arg(long, env = "HEAVY_NAME")]
    pub name: Option<String>,
    /// A label, for choosing agents; may be repeated
    #[arg(long, env = "HEAVY_LABEL", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    pub label: Vec<(String, String)>,
    /// The agent's own folder [default: $XDG_DATA_HOME/heavy/agents/NAME]
    #[arg(long, env = "HEAVY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How many bytes of results may wait on disk; rows beyond that are given up and counted
    #[arg(long, env = "HEAVY_SPOOL_LIMIT", value_name = "BYTES", default_value_t = crate::DEFAULT_SPOOL_LIMIT_BYTES)]
    pub spool_limit: u64,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write a label as KEY=VALUE".to_owned()),
    }
}
