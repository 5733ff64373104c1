//! The sandbox of load tests: what is wanted of it, and which level of it this host allows.
//!
//! The agent finds out once; each load test gets that level or is not started. The last stage of [`crate::launch`] puts
//! it up around itself: [`privileges`], and [`files`] by the list of [`readable`].

pub(crate) mod files;
pub(crate) mod privileges;
pub(crate) mod readable;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use heavy_load::vocabulary::SandboxLevel;

use crate::Error;

/// How many paths may be readable besides those that all load tests need.
pub(crate) const MOST_READABLE: usize = 64;

/// What an agent's load tests are kept from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOptions {
    /// The highest level to use; by default the highest there is.
    pub most: SandboxLevel,
    /// Below this level nothing is run; by default every level will do.
    pub required: SandboxLevel,
    /// Files and directories that load tests may read besides those that they need.
    pub allow_read: Vec<PathBuf>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            most: SandboxLevel::Files,
            required: SandboxLevel::None,
            allow_read: Vec::new(),
        }
    }
}

impl SandboxOptions {
    /// The level that load tests get on this host.
    pub(crate) fn level(&self) -> Result<SandboxLevel, Error> {
        let (level, lacks) = match self.most {
            SandboxLevel::None | SandboxLevel::Basic => (self.most, format!("--sandbox is {}", self.most)),
            SandboxLevel::Files => match files::lacking() {
                None => (SandboxLevel::Files, String::new()),
                Some(lacks) => (SandboxLevel::Basic, lacks),
            },
        };
        if level < self.required {
            let required = self.required;
            return Err(Error::Sandbox {
                required,
                level,
                lacks,
            });
        }
        if level < SandboxLevel::Files {
            tracing::info!(
                level = level.as_str(),
                lacks,
                "load tests may read and write all files of this user"
            );
        }
        Ok(level)
    }

    /// Checks the paths that are to be readable: they are there, and the agent's own directory is in none of them.
    pub(crate) fn check(&self, data_dir: &Path) -> Result<(), Error> {
        let wrong = |path: &Path, problem: String| Error::AllowRead {
            path: path.to_owned(),
            problem,
        };
        if let Some(path) = self.allow_read.get(MOST_READABLE) {
            return Err(wrong(path, format!("{MOST_READABLE} paths are the limit")));
        }
        // What is not there yet has no other name.
        let data_dir = fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        for path in &self.allow_read {
            let real = fs::canonicalize(path).map_err(|error| wrong(path, error.to_string()))?;
            if data_dir.starts_with(&real) || real.starts_with(&data_dir) {
                let problem = "load tests must not read the agent's data directory".to_owned();
                return Err(wrong(path, problem));
            }
        }
        Ok(())
    }
}

/// The sandbox of one load test, as the stages of its launch are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaunchSandbox {
    pub(crate) level: SandboxLevel,
    pub(crate) allow_read: Vec<PathBuf>,
}

impl Default for LaunchSandbox {
    fn default() -> Self {
        Self {
            level: SandboxLevel::None,
            allow_read: Vec::new(),
        }
    }
}

impl LaunchSandbox {
    /// The options of a stage that say so.
    pub(crate) fn options(&self) -> Vec<OsString> {
        let mut options = vec!["--sandbox".into(), self.level.as_str().into()];
        for path in &self.allow_read {
            options.extend(["--allow-read".into(), path.into()]);
        }
        options
    }

    /// Keeps the other processes of this user from looking into this one, as far as they have no privileges.
    pub(crate) fn hide_this_process(&self) -> Result<(), String> {
        match self.level {
            SandboxLevel::None => Ok(()),
            SandboxLevel::Basic | SandboxLevel::Files => privileges::hide_this_process(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(most: SandboxLevel, required: SandboxLevel) -> SandboxOptions {
        SandboxOptions {
            most,
            required,
            ..SandboxOptions::default()
        }
    }

    #[test]
    fn what_is_required_and_lacks_is_an_error_that_says_so() {
        use SandboxLevel::{Basic, Files, None};
        assert_eq!(options(None, None).level().unwrap(), None);
        assert_eq!(options(Basic, Basic).level().unwrap(), Basic);
        let error = options(Basic, Files).level().unwrap_err();
        assert_eq!(
            error.to_string(),
            "load tests would run in the sandbox basic, but --require-sandbox is basic+files: --sandbox is basic"
        );
        assert!(options(Files, None).level().unwrap() >= Basic);
    }

    #[test]
    fn the_data_directory_stays_closed() {
        let temp = tempfile::tempdir().unwrap();
        let (data_dir, other) = (temp.path().join("agent"), temp.path().join("other"));
        for dir in [&data_dir, &other] {
            fs::create_dir(dir).unwrap();
        }
        let problem = |paths: Vec<PathBuf>| {
            let allowed = SandboxOptions {
                allow_read: paths,
                ..SandboxOptions::default()
            };
            allowed.check(&data_dir).err().map(|error| error.to_string())
        };
        assert_eq!(problem(vec![other.clone()]), None);
        for path in [
            Path::new("/"),
            temp.path(),
            &data_dir.join("."),
            &other.join("../agent"),
        ] {
            let problem = problem(vec![path.to_owned()]).unwrap();
            assert!(problem.contains("data directory"), "{problem}");
        }
        assert!(
            problem(vec![other.join("none")])
                .unwrap()
                .contains("No such file")
        );
        assert!(problem(vec![other; 65]).unwrap().contains("64 paths"));
    }
}
