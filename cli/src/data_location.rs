//! The data directory, and the results database in it or elsewhere.

use std::path::PathBuf;
use std::sync::Arc;

use heavy_client::{CalledAs, DataPlace, DatabaseHome};
use heavy_process::data_dir::{self, database_file};
use heavy_sched::RetentionPolicy;
use heavy_sched::command_line::RetentionFlags;
use heavy_store::Store;

use crate::exit::CommandFailure;

/// Where the data is.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DataLocation {
    /// Results database: postgres://USER:PASSWORD@HOST/DATABASE or sqlite://PATH [default: heavy.db in the data directory]
    #[arg(
        long,
        value_name = "URL",
        env = "HEAVY_DATABASE",
        hide_env_values = true,
        global = true
    )]
    pub(crate) database: Option<String>,
    /// Data directory [default: $XDG_DATA_HOME/heavy or ~/.local/share/heavy]
    #[arg(long, value_name = "DIR", env = "HEAVY_DATA_DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// The scheduler in `HEAVY_SCHEDULER`, of a command that only reads the database.
    #[arg(skip)]
    pub(crate) unused_scheduler: Option<String>,
    /// Of commands that have flags for it; that of the environment by default.
    #[arg(skip)]
    pub(crate) retention: Option<RetentionPolicy>,
}

impl DataLocation {
    /// Whether a database or a data directory was given.
    pub(crate) const fn is_given(&self) -> bool {
        self.database.is_some() || self.data_dir.is_some()
    }

    /// The flags with which a later command finds the same data. The URL of a database is left out, as it may hold a
    /// password.
    pub(crate) fn flags(&self) -> String {
        match (&self.database, &self.data_dir) {
            (Some(_), _) => " --database URL".to_owned(),
            (None, Some(dir)) => format!(" --data-dir {}", in_shell(&dir.display().to_string())),
            (None, None) => String::new(),
        }
    }

    /// The command that prints the full report of a job, up to the job's id: at a scheduler, or from here.
    pub(crate) fn full_report(&self, scheduler: Option<&str>) -> String {
        match scheduler {
            Some(url) => CalledAs::Heavy.full_report(url),
            None => format!("heavy report{}", self.flags()),
        }
    }

    /// The data directory as given, or the default.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, CommandFailure> {
        match &self.data_dir {
            Some(dir) => Ok(dir.clone()),
            None => Ok(data_dir::default_dir()?),
        }
    }

    /// The database's URL as given, or that of the file in the data directory.
    pub(crate) fn database_url(&self) -> Result<String, CommandFailure> {
        match &self.database {
            Some(url) => Ok(url.clone()),
            None => Ok(format!("sqlite://{}", database_file(&self.data_dir()?).display())),
        }
    }

    /// The database for messages, with the scheduler that it is not of.
    pub(crate) fn shown(&self) -> Result<String, CommandFailure> {
        let database = heavy_store::database_name(&self.database_url()?)?;
        Ok(match &self.unused_scheduler {
            None => database,
            Some(scheduler) => {
                format!("{database} (this command reads a database, not HEAVY_SCHEDULER={scheduler})")
            }
        })
    }

    /// Whether the results database may be there: it was named, or its default file exists.
    pub(crate) fn is_there(&self) -> bool {
        self.database.is_some() || self.data_dir().is_ok_and(|dir| database_file(&dir).is_file())
    }

    /// How long data stays.
    pub(crate) fn retention(&self) -> Result<RetentionPolicy, CommandFailure> {
        if let Some(policy) = self.retention {
            return Ok(policy);
        }
        let flags = RetentionFlags::from_env().map_err(|error| {
            // The first line has what is wrong, with clap's own prefix.
            let text = error.to_string();
            let problem = text.lines().next().unwrap_or_default();
            let problem = problem.trim_start_matches("error: ");
            CommandFailure::usage(problem)
        })?;
        Ok(flags.policy())
    }

    /// The database as a place to look for jobs.
    pub(crate) async fn job_home(&self) -> Result<DatabaseHome, CommandFailure> {
        let store = self.open().await?;
        self.home_of(store)
    }

    /// The database behind this store as a place to look for jobs.
    pub(crate) fn home_of(&self, store: Arc<dyn Store>) -> Result<DatabaseHome, CommandFailure> {
        let place = DataPlace {
            dir: self.data_dir()?,
            retention: self.retention()?.info(),
        };
        Ok(DatabaseHome::new(self.database_url()?, store, place))
    }

    /// Opens the database for reading, without creating or migrating it.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, CommandFailure> {
        if self.database.is_none() {
            let file = database_file(&self.data_dir()?);
            if !file.is_file() {
                return Err(CommandFailure::new(format!(
                    "no results yet: {} does not exist; run `heavy demo` or `heavy run URL` first, or choose a database \
                     with --database",
                    file.display()
                )));
            }
        }
        Ok(heavy_store::open_to_read(&self.database_url()?).await?)
    }
}

/// A word as a shell reads it.
fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_with_a_data_directory_can_be_pasted() {
        let report = |dir: &str| {
            let data = DataLocation {
                data_dir: Some(dir.into()),
                ..DataLocation::default()
            };
            data.full_report(None)
        };
        assert_eq!(report("/tmp/a-1"), "heavy report --data-dir /tmp/a-1");
        assert_eq!(
            report("my data/ann's"),
            r"heavy report --data-dir 'my data/ann'\''s'"
        );
    }
}
