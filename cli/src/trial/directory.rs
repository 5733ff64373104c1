//! The working directory of a load test that is tried: private and with the files of the job alone, as on an agent.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use heavy_client::LocalFile;
use heavy_process::data_dir::create_private;
use uuid::Uuid;

use crate::exit::CommandFailure;

/// Removed when it is dropped.
#[derive(Debug)]
pub(super) struct TrialDirectory(PathBuf);

impl TrialDirectory {
    /// A new directory with copies of these files.
    pub(super) fn with(files: &[LocalFile]) -> Result<Self, CommandFailure> {
        let path = std::env::temp_dir().join(format!("heavy-try-{}", Uuid::new_v4()));
        create_private(&path).map_err(|error| CommandFailure::new(error.to_string()))?;
        let directory = Self(path);
        for LocalFile { source, file } in files {
            let copy = directory.0.join(&file.path);
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(source, &copy).with_context(|| format!("cannot copy {}", source.display()))?;
        }
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TrialDirectory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "cannot remove {}", self.0.display());
        }
    }
}
