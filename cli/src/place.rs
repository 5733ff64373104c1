//! Where data is: the data dir, and the database in it or elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use heavy_store::Store;

use crate::exit::Failure;

/// Which data is meant.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Place {
    /// Results database: postgres://USER:PASSWORD@HOST/DATABASE or sqlite://PATH (default: heavy.db in the data dir)
    #[arg(long, value_name = "URL", env = "HEAVY_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Folder for everything that heavy keeps (default: $XDG_DATA_HOME/heavy or ~/.local/share/heavy)
    #[arg(long, value_name = "DIR", env = "HEAVY_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

impl Place {
    /// The data dir as given, or the default.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Failure> {
        self.data_dir.clone().map_or_else(default_data_dir, Ok)
    }

    /// The database's URL as given, or that of the file in the data dir.
    pub(crate) fn database_url(&self) -> Result<String, Failure> {
        match &self.database {
            Some(url) => Ok(url.clone()),
            None => Ok(format!("sqlite://{}", database_file(&self.data_dir()?).display())),
        }
    }

    /// Opens the database for reading; a default one that is not there is not made.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        if self.database.is_none() {
            let file = database_file(&self.data_dir()?);
            if !file.is_file() {
                return Err(Failure::Other(anyhow!(
                    "there are no results yet: {} does not exist; run `heavy demo` or `heavy run URL` first, or say \
                     which database with --database",
                    file.display()
                )));
            }
        }
        Ok(heavy_store::open(&self.database_url()?).await?)
    }
}

fn database_file(data_dir: &Path) -> PathBuf {
    data_dir.join("heavy.db")
}

fn default_data_dir() -> Result<PathBuf, Failure> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("heavy"))
        .ok_or_else(|| {
            Failure::Other(anyhow!(
                "neither XDG_DATA_HOME nor HOME is an absolute path: say where to keep data with --data-dir"
            ))
        })
}
