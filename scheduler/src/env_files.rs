//! Values of jobs' variables: often secrets, so that they are in files of the scheduler alone and blank everywhere else.
//!
//! A job that waits needs them when its turn comes, also under the next scheduler; a job that has ended does not.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use heavy_results::job::JobSpec;
use tokio::fs::{self, DirBuilder, OpenOptions};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// Variables of a load test with their values.
pub(crate) type Env = BTreeMap<String, String>;

/// The directory of variables, one file a job.
#[derive(Debug)]
pub(crate) struct EnvFiles {
    dir: PathBuf,
}

impl EnvFiles {
    /// Opens the directory of variables in the data directory; creates it if it does not exist.
    pub(crate) async fn open(data_dir: &Path) -> io::Result<Self> {
        let dir = data_dir.join("env");
        DirBuilder::new().recursive(true).mode(0o700).create(&dir).await?;
        Ok(Self { dir })
    }

    pub(crate) async fn keep(&self, job: Uuid, env: &Env) -> io::Result<()> {
        if env.is_empty() {
            return Ok(());
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(self.file(job)).await?;
        file.write_all(&serde_json::to_vec(env)?).await?;
        file.sync_all().await
    }

    /// The variables of a job whose document has only their names.
    pub(crate) async fn find(&self, job: Uuid, spec: &JobSpec) -> io::Result<Env> {
        if spec.env.is_empty() {
            return Ok(Env::new());
        }
        Ok(serde_json::from_slice(&fs::read(self.file(job)).await?)?)
    }

    /// Removes what was kept of a job.
    pub(crate) async fn forget(&self, job: Uuid) {
        match fs::remove_file(self.file(job)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%job, %error, "cannot remove the job's variables");
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn file(&self, job: Uuid) -> PathBuf {
        self.dir.join(format!("{job}.json"))
    }
}
