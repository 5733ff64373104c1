//! The command line of `heavy-agent`; its manual page and completions are generated from it.

use std::path::PathBuf;

use clap::Parser;
use heavy_load::span::Span;
use heavy_load::vocabulary::SandboxLevel;
use heavy_process::retention::parse_bytes;

use crate::{DEFAULT_SCHEDULER, SandboxOptions};

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
    /// Maximum size of undelivered results on disk; the agent discards and counts rows beyond it (at least 64 MiB)
    #[arg(long, env = "HEAVY_SPOOL_LIMIT", value_name = "BYTES", default_value_t = crate::DEFAULT_SPOOL_LIMIT_BYTES)]
    pub spool_limit: u64,
    /// Time after which an unused binary or file of a load test is removed from the cache
    #[arg(long, env = "HEAVY_KEEP_CACHE", value_name = "D", default_value = "30d")]
    pub keep_cache: Span,
    /// Maximum size of the cache; what was unused longest is removed first
    #[arg(long, env = "HEAVY_CACHE_LIMIT", value_name = "SIZE", default_value = "4GB", value_parser = parse_bytes)]
    pub cache_limit: u64,
    #[command(flatten)]
    pub sandbox: SandboxArgs,
}

/// What the load tests of an agent are kept from
#[derive(Debug, clap::Args)]
pub struct SandboxArgs {
    /// Highest sandbox level of load tests [default: the highest that this host allows]
    #[arg(long, env = "HEAVY_SANDBOX", value_name = "LEVEL", default_value_t = SandboxLevel::Files, hide_default_value = true)]
    sandbox: SandboxLevel,
    /// Lowest sandbox level of load tests; the agent does not start where the host allows less
    #[arg(long, env = "HEAVY_REQUIRE_SANDBOX", value_name = "LEVEL", default_value_t = SandboxLevel::None)]
    require_sandbox: SandboxLevel,
    /// File or directory that load tests may read besides system libraries and their own directory (can be repeated)
    #[arg(long, env = "HEAVY_ALLOW_READ", value_name = "PATH", value_delimiter = ':')]
    allow_read: Vec<PathBuf>,
}

impl SandboxArgs {
    /// The same as part of a configuration.
    #[must_use]
    pub fn options(self) -> SandboxOptions {
        // Load tests run in directories of their own, where a relative path leads elsewhere.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        SandboxOptions {
            most: self.sandbox,
            required: self.require_sandbox,
            allow_read: self.allow_read.into_iter().map(absolute).collect(),
        }
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("invalid label: expected KEY=VALUE".to_owned()),
    }
}
