//! The parts of an agent's data directory, which is locked for as long as the agent runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heavy_process::data_dir::{self, Error, create_private};

use crate::journal::drain;
use crate::process::leftovers;

/// How long the load tests of an agent that is gone may take to end. Their supervisors kill them sooner.
const DRAIN_LIMIT: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct AgentDirs {
    paths: AgentPaths,
    _locked: data_dir::DataDir,
}

/// Where things are in an agent's data directory.
#[derive(Debug, Clone)]
pub(crate) struct AgentPaths(PathBuf);

impl AgentDirs {
    /// Makes and locks the directory, waits for the end of an earlier agent's load tests, kills what is
    /// left of them, and removes their directories.
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        let locked = data_dir::DataDir::open(root, "lock", "agent")?;
        let paths = AgentPaths::new(locked.path().to_owned());
        drain::wait_for_all(&paths.journal(), DRAIN_LIMIT);
        leftovers::kill_below(&paths.work());
        // Nobody else works below a locked directory, so whatever is there belongs to nobody.
        let _ = fs::remove_dir_all(paths.work());
        for part in [paths.work(), paths.cache(), paths.spool(), paths.journal()] {
            create_private(&part)?;
        }
        Ok(Self {
            paths,
            _locked: locked,
        })
    }

    pub(crate) const fn paths(&self) -> &AgentPaths {
        &self.paths
    }
}

impl AgentPaths {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self(root)
    }

    /// Where load tests have their working directories.
    pub(crate) fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// Where binaries are kept.
    pub(crate) fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// Where results wait for delivery.
    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// Where agents keep what they read and did until it is spooled.
    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }
}
