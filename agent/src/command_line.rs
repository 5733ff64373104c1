//! The command line of `heavy-agent`; its manual page and completions are generated from it.

use std::path::PathBuf;

use clap::Parser;
use heavy_load::span::Span;
use heavy_process::retention::parse_bytes;

use crate::DEFAULT_SCHEDULER;

/// Run load tests from a scheduler and send their results to a collector
#[derive(Debug, Parser)]
#[command(name = "heavy-agent", version)]
pub struct Args {
    /// URL of the scheduler
    #[arg(long, env = "HEAVY_SCHEDULER", value_name = "URL", default_value = DEFAULT_SCHEDULER)]
    pub scheduler: String,
    /// URL of the collector
    #[arg(long, env = "HEAVY_COLLECTOR", value_name = "URL")]
    pub collector: String,
    /// Agent name, unique per scheduler [default: host name]
    #[arg(long, env = "HEAVY_NAME")]
    pub name: Option<String>,
    /// Label by which jobs select agents (can be repeated)
    #[arg(long, env = "HEAVY_LABEL", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    pub label: Vec<(String, String)>,
    /// Data directory of this agent [default: $XDG_DATA_HOME/heavy/agents/NAME]
    #[arg(long, env = "HEAVY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Maximum size of undelivered results on disk; the agent discards and counts rows beyond it
    #[arg(long, env = "HEAVY_SPOOL_LIMIT", value_name = "BYTES", default_value_t = crate::DEFAULT_SPOOL_LIMIT_BYTES)]
    pub spool_limit: u64,
    /// Time after which an unused binary or file of a load test is removed from the cache
    #[arg(long, env = "HEAVY_KEEP_CACHE", value_name = "D", default_value = "30d")]
    pub keep_cache: Span,
    /// Maximum size of the cache; what was unused longest is removed first
    #[arg(long, env = "HEAVY_CACHE_LIMIT", value_name = "SIZE", default_value = "4GB", value_parser = parse_bytes)]
    pub cache_limit: u64,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("invalid label: expected KEY=VALUE".to_owned()),
    }
}
