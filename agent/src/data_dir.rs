//! The parts of an agent's data directory, which is locked for as long as the agent runs.

use std::fs;
use std::path::{Path, PathBuf};

use heavy_process::data_dir::{self, Error, create_private};

#[derive(Debug)]
pub(crate) struct AgentDirs(data_dir::DataDir);

impl AgentDirs {
    /// Makes and locks the directory, and removes what an earlier agent's load tests left in it.
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        let dir = Self(data_dir::DataDir::open(root, "lock", "agent")?);
        // Nobody else works below a locked directory, so whatever is there belongs to nobody.
        let _ = fs::remove_dir_all(dir.work());
        for part in [dir.work(), dir.cache(), dir.spool()] {
            create_private(&part)?;
        }
        Ok(dir)
    }

    /// Where load tests have their working directories.
    pub(crate) fn work(&self) -> PathBuf {
        self.0.path().join("work")
    }

    /// Where binaries are kept.
    pub(crate) fn cache(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    /// Where results wait for delivery.
    pub(crate) fn spool(&self) -> PathBuf {
        self.0.path().join("spool")
    }
}
