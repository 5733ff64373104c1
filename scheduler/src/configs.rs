//! Named configurations, a file each in the scheduler's data directory.

use std::io;
use std::path::{Path, PathBuf};

use heavy_results::config::{Config, check_name};
use heavy_results::job::SpecError;
use tokio::fs::{self, DirBuilder, OpenOptions};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;

/// No more are kept.
const MOST: usize = 1_000;
/// None is longer.
const LONGEST: u64 = 1 << 20;
const ENDING: &str = ".json";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error("unknown configuration `{0}`")]
    Unknown(String),
    #[error(
        "the configuration has {0} bytes, which exceeds {LONGEST}: keep large params in a file for --params"
    )]
    TooLong(u64),
    #[error("too many configurations (limit: {MOST}): delete one first")]
    TooMany,
    #[error("configuration `{0}` is damaged ({1}): save it again")]
    Damaged(String, serde_json::Error),
    #[error("cannot use the directory of configurations: {0}")]
    Disk(#[from] io::Error),
}

#[derive(Debug)]
pub(crate) struct Configs {
    dir: PathBuf,
    /// Held while files are made or removed, so that they are counted right.
    changing: Mutex<()>,
}

impl Configs {
    /// Opens the directory of configurations in the data directory; creates it if it does not exist.
    pub(crate) async fn open(data_dir: &Path) -> io::Result<Self> {
        let dir = data_dir.join("configs");
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&dir).await?;
        Ok(Self {
            dir,
            changing: Mutex::new(()),
        })
    }

    /// Saves a configuration, which replaces one of the same name; returns it, and whether it is new.
    pub(crate) async fn save(
        &self,
        name: &str,
        saved_at_wall_ns: u64,
        document: &str,
    ) -> Result<(Config, bool), Error> {
        let config = Config::parse(name, saved_at_wall_ns, document)?;
        let bytes = serde_json::to_vec_pretty(&config).map_err(io::Error::from)?;
        if bytes.len() as u64 > LONGEST {
            return Err(Error::TooLong(bytes.len() as u64));
        }
        let _changing = self.changing.lock().await;
        let file = self.file(name)?;
        let is_new = !fs::try_exists(&file).await?;
        if is_new && self.names().await?.len() >= MOST {
            return Err(Error::TooMany);
        }
        // Whole or not at all, also when the power fails.
        let draft = self.dir.join(format!(".{name}.{}.new", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut written = options.open(&draft).await?;
        written.write_all(&bytes).await?;
        written.sync_all().await?;
        fs::rename(&draft, &file).await?;
        Ok((config, is_new))
    }

    pub(crate) async fn find(&self, name: &str) -> Result<Config, Error> {
        let bytes = match fs::read(self.file(name)?).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::Unknown(name.to_owned()));
            }
            bytes => bytes?,
        };
        serde_json::from_slice(&bytes).map_err(|error| Error::Damaged(name.to_owned(), error))
    }

    /// All of them, by name; a damaged one is skipped.
    pub(crate) async fn list(&self) -> Result<Vec<Config>, Error> {
        let mut configs = Vec::new();
        for name in self.names().await? {
            match self.find(&name).await {
                Ok(config) => configs.push(config),
                Err(Error::Unknown(_)) => {}
                Err(error @ Error::Damaged(..)) => tracing::warn!(%error, "a configuration is not listed"),
                Err(error) => return Err(error),
            }
        }
        Ok(configs)
    }

    /// Removes a configuration, and returns what it was.
    pub(crate) async fn delete(&self, name: &str) -> Result<Config, Error> {
        let _changing = self.changing.lock().await;
        let config = self.find(name).await;
        match fs::remove_file(self.file(name)?).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Unknown(name.to_owned())),
            Err(error) => Err(error.into()),
            // A damaged one is gone too, which is what was wanted.
            Ok(()) => match config {
                Err(Error::Damaged(..)) => Ok(Config {
                    name: name.to_owned(),
                    saved_at_wall_ns: 0,
                    job: serde_json::Map::new(),
                }),
                config => config,
            },
        }
    }

    async fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut entries = fs::read_dir(&self.dir).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(ENDING));
            names.extend(name.filter(|name| check_name(name).is_ok()).map(str::to_owned));
        }
        names.sort_unstable();
        Ok(names)
    }

    fn file(&self, name: &str) -> Result<PathBuf, SpecError> {
        check_name(name)?;
        Ok(self.dir.join(format!("{name}{ENDING}")))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const DOCUMENT: &str = r#"{"rate": 5, "duration": "3s"}"#;

    #[tokio::test]
    async fn configurations_outlive_their_scheduler_and_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let configs = Configs::open(dir.path()).await.unwrap();
        assert_eq!(configs.list().await.unwrap(), []);
        let (config, is_new) = configs.save("b", 7, DOCUMENT).await.unwrap();
        assert!(is_new && !configs.save("a", 8, DOCUMENT).await.unwrap().0.job.is_empty());
        let file = dir.path().join("configs/b.json");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let later = Configs::open(dir.path()).await.unwrap();
        assert_eq!(later.find("b").await.unwrap(), config);
        let names: Vec<String> = later
            .list()
            .await
            .unwrap()
            .into_iter()
            .map(|config| config.name)
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert!(!later.save("b", 9, r#"{"rate": 6}"#).await.unwrap().1);
        assert_eq!(later.find("b").await.unwrap().saved_at_wall_ns, 9);
        assert_eq!(later.delete("b").await.unwrap().name, "b");
        assert!(matches!(later.delete("b").await, Err(Error::Unknown(name)) if name == "b"));
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_refused_and_a_damaged_one_can_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let configs = Configs::open(dir.path()).await.unwrap();
        for (name, document) in [("../a", DOCUMENT), ("a", "{"), ("a", r#"{"speed": 1}"#)] {
            assert!(
                matches!(configs.save(name, 0, document).await, Err(Error::Spec(_))),
                "{name} {document}"
            );
        }
        let long = format!(r#"{{"rate": 5, "params": {{"a": "{}"}}}}"#, "x".repeat(1 << 20));
        assert!(matches!(
            configs.save("a", 0, &long).await,
            Err(Error::TooLong(_))
        ));
        configs.save("a", 0, DOCUMENT).await.unwrap();
        std::fs::write(dir.path().join("configs/a.json"), "{").unwrap();
        assert!(matches!(configs.find("a").await, Err(Error::Damaged(..))));
        assert_eq!(configs.list().await.unwrap(), []);
        configs.save("a", 0, DOCUMENT).await.unwrap();
        assert!(configs.find("a").await.is_ok());
        std::fs::write(dir.path().join("configs/a.json"), "{").unwrap();
        assert!(configs.delete("a").await.is_ok());
        assert!(matches!(configs.find("a").await, Err(Error::Unknown(_))));
    }
}
