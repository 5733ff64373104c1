//! The configuration of an agent.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heavy_process::retention::Retention;

use crate::Error;
use crate::disk::SEGMENT_BYTES;
use crate::sandbox::SandboxOptions;

/// Rows over this many bytes on disk are discarded and counted.
pub const DEFAULT_SPOOL_LIMIT_BYTES: u64 = 4 << 30;

/// Age and total size beyond which unused binaries and files leave the cache.
pub(crate) const DEFAULT_CACHE_RETENTION: Retention = Retention {
    age: Duration::from_secs(30 * 86_400),
    bytes: 4_000_000_000,
};

/// Where an agent looks for its scheduler unless told otherwise.
pub const DEFAULT_SCHEDULER: &str = "http://127.0.0.1:7700";

/// Less would discard results although the collector takes them: each of a job's two streams, its journal, and what
/// follows on one of them while it is full has a file.
const LEAST_SPOOL_LIMIT_BYTES: u64 = 4 * SEGMENT_BYTES;

const LONGEST_NAME: usize = 64;

/// The configuration of an agent.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// URL of the scheduler, `http://HOST:PORT`.
    pub scheduler: String,
    /// URL of the collector, `http://HOST:PORT`.
    pub collector: String,
    /// Unique among the agents of the scheduler.
    pub name: String,
    /// For people and for choosing agents.
    pub labels: BTreeMap<String, String>,
    /// The agent's own directory, created if missing, and locked.
    pub data_dir: PathBuf,
    /// How much may wait for delivery on disk.
    pub spool_limit_bytes: u64,
    /// Which binaries and files of load tests stay in the cache.
    pub cache_retention: Retention,
    /// What starts load tests.
    pub launcher: Launcher,
    /// What they are kept from.
    pub sandbox: SandboxOptions,
    /// Told the agent's name and the scheduler's URL each time the agent is registered; does nothing by default.
    pub on_connected: fn(&str, &str),
}

/// The command that becomes a load test: this program with a hidden subcommand (see [`crate::launch`]).
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// The command before the arguments of [`crate::launch::main`].
    pub args: Vec<OsString>,
}

impl Default for Launcher {
    /// The running program itself, even if its file was replaced meanwhile, with `launch`.
    fn default() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            args: vec![OsString::from("launch")],
        }
    }
}

impl AgentConfig {
    /// An agent of `scheduler` and `collector` with all else as by default.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        scheduler: impl Into<String>,
        collector: impl Into<String>,
        data_dir: impl Into<PathBuf>,
    ) -> Self {
        Self {
            scheduler: scheduler.into(),
            collector: collector.into(),
            name: name.into(),
            labels: BTreeMap::new(),
            data_dir: data_dir.into(),
            spool_limit_bytes: DEFAULT_SPOOL_LIMIT_BYTES,
            cache_retention: DEFAULT_CACHE_RETENTION,
            launcher: Launcher::default(),
            sandbox: SandboxOptions::default(),
            on_connected: |_, _| {},
        }
    }

    /// Checks what the types alone cannot say.
    ///
    /// # Errors
    /// The message names the wrong part and what is expected.
    pub fn check(&self) -> Result<(), Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if self.name.is_empty()
            || self.name.len() > LONGEST_NAME
            || self.name.starts_with('.')
            || !self.name.bytes().all(allowed)
        {
            return Err(Error::Name(self.name.clone()));
        }
        if self.spool_limit_bytes < LEAST_SPOOL_LIMIT_BYTES {
            return Err(Error::SpoolLimit {
                bytes: self.spool_limit_bytes,
                least: LEAST_SPOOL_LIMIT_BYTES,
            });
        }
        for (what, url) in [("scheduler", &self.scheduler), ("collector", &self.collector)] {
            let parsed = url::Url::parse(url).ok();
            if parsed.is_none_or(|parsed| parsed.scheme() != "http" || parsed.host_str().is_none()) {
                return Err(Error::Url {
                    what,
                    url: url.clone(),
                });
            }
        }
        Ok(())
    }
}

/// The host's name, cleaned of what an agent's name cannot have; `agent` if nothing is left.
#[must_use]
pub fn default_name() -> String {
    let uname = rustix::system::uname();
    let name: String = uname
        .nodename()
        .to_string_lossy()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .take(LONGEST_NAME)
        .collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "agent" } else { name }.to_owned()
}

/// An agent's data directory unless another is named: `agents/NAME` in the data directory of heavy.
#[must_use]
pub fn data_dir_of(name: &str, heavy: &Path) -> PathBuf {
    heavy.join("agents").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_as_names_of_directories() {
        for (name, good) in [
            ("agent-1", true),
            ("Host_2.example", true),
            ("", false),
            ("../up", false),
            (".hidden", false),
            ("with space", false),
            (&"x".repeat(65), false),
        ] {
            let config = AgentConfig::new(name, "http://a:1", "http://b:2", "/tmp");
            assert_eq!(config.check().is_ok(), good, "{name}");
        }
    }

    #[test]
    fn the_data_directory_is_below_that_of_heavy() {
        assert_eq!(
            data_dir_of("a", Path::new("/x/heavy")),
            Path::new("/x/heavy/agents/a")
        );
    }

    #[test]
    fn a_spool_that_is_too_small_to_work_is_refused_with_the_least_size() {
        let mut config = AgentConfig::new("a", "http://a:1", "http://b:2", "/tmp");
        config.spool_limit_bytes = LEAST_SPOOL_LIMIT_BYTES;
        assert!(config.check().is_ok());
        config.spool_limit_bytes -= 1;
        let error = config.check().unwrap_err();
        assert!(error.is_usage());
        assert_eq!(
            error.to_string(),
            "spool limit of 67108863 bytes is too small: expected at least 67108864 (64 MiB)"
        );
    }

    #[test]
    fn urls_that_are_none_are_refused_with_their_role() {
        let config = AgentConfig::new("a", DEFAULT_SCHEDULER, "collector:7701", "/tmp");
        assert!(config.check().unwrap_err().to_string().contains("collector"));
    }
}
