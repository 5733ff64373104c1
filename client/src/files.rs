//! Files that a job takes along: named by flags or `heavy.toml`, hashed here, uploaded where the scheduler lacks them.

mod search;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use heavy_api::document::{ArtifactKind, UploadQuery};
use heavy_api::error::ApiErrorKind;
use heavy_process::hash::sha256;
use heavy_results::job::JobFile;

use self::search::Search;
pub use self::search::check_pattern;
use super::{Error, Program, Remote};

/// Questions and uploads under way at a time; the scheduler takes as many uploads.
const AT_ONCE: usize = 8;

/// Which files the load test gets.
#[derive(Debug, Clone, Default, Args)]
pub struct FileFlags {
    /// File or directory for the load test, which finds it in its working directory under the same relative path (can be repeated)
    #[arg(long = "with", value_name = "FILE|DIR", env = "HEAVY_WITH")]
    pub with: Vec<PathBuf>,
}

impl FileFlags {
    /// The files, looked up in the current directory.
    ///
    /// # Errors
    /// When one is missing, cannot be read, or is not below the current directory, or when they are too many or too large.
    pub fn gather(&self) -> Result<Vec<LocalFile>, Error> {
        if self.with.is_empty() {
            return Ok(Vec::new());
        }
        let mut search = Search::new(Path::new("."), "--with")?;
        for path in &self.with {
            search.add(path)?;
        }
        hashed(search)
    }
}

/// A file on this machine that a job takes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Where it is.
    pub source: PathBuf,
    /// What the job's document has of it.
    pub file: JobFile,
}

impl LocalFile {
    /// The files in `directory` that match these patterns; `setting` is where the patterns are from, for messages.
    ///
    /// # Errors
    /// When a pattern is invalid or matches nothing, and as [`FileFlags::gather`].
    pub fn matching(directory: &Path, patterns: &[String], setting: &str) -> Result<Vec<Self>, Error> {
        if patterns.is_empty() {
            return Ok(Vec::new());
        }
        let mut search = Search::new(directory, setting)?;
        for pattern in patterns {
            search.add_matching(pattern)?;
        }
        hashed(search)
    }
}

/// Hashes what was found, after a check of its amount.
fn hashed(search: Search<'_>) -> Result<Vec<LocalFile>, Error> {
    let setting = search.setting().to_owned();
    let mut files = Vec::new();
    for (path, source) in search.finish() {
        let problem = |problem| Error::File {
            what: "read",
            file: source.clone(),
            problem,
        };
        let size = std::fs::metadata(&source).map_err(problem)?.len();
        let file = JobFile {
            path,
            sha256: String::new(),
            size,
        };
        files.push((source, file));
    }
    let named: Vec<JobFile> = files.iter().map(|(_, file)| file.clone()).collect();
    JobFile::check_amount(&named).map_err(|problem| Error::Usage(format!("{setting}: {problem}")))?;
    let hashed = files.into_iter().map(|(source, file)| {
        let read = File::open(&source).and_then(|file| sha256(&file));
        let (sha256, size) = read.map_err(|problem| Error::File {
            what: "read",
            file: source.clone(),
            problem,
        })?;
        let file = JobFile { sha256, size, ..file };
        Ok(LocalFile { source, file })
    });
    hashed.collect()
}

impl Remote {
    /// Uploads a program and its files, as far as the scheduler does not have them.
    ///
    /// # Errors
    /// When the scheduler refuses one or goes away, or a file has changed since it was hashed.
    pub async fn upload_all(&self, program: &Program, files: &[LocalFile]) -> Result<(), Error> {
        self.upload(program).await?;
        self.upload_files(files).await
    }

    pub(super) async fn upload_files(&self, files: &[LocalFile]) -> Result<(), Error> {
        let distinct: BTreeMap<&str, &LocalFile> = files
            .iter()
            .map(|local| (local.file.sha256.as_str(), local))
            .collect();
        let uploads = stream::iter(distinct.into_values().map(|local| self.upload_file(local)));
        uploads.buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn upload_file(&self, LocalFile { source, file }: &LocalFile) -> Result<(), Error> {
        if self.has(&file.sha256).await? {
            return Ok(());
        }
        let kind = ArtifactKind::File;
        let query = UploadQuery { kind };
        let uploaded = self.put(&file.sha256, &query, source, file.size).await;
        uploaded.map_err(|error| match error {
            Error::Refused {
                kind: Some(ApiErrorKind::Hash | ApiErrorKind::Length),
                ..
            } => Error::Usage(format!(
                "{} has changed while it was uploaded: run this again",
                source.display()
            )),
            other => other,
        })
    }
}
