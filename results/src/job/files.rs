//! The files that a load test finds in its working directory: which, where, and how many there may be.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::document::SpecError;

/// A file of a job. Its content is stored by its hash, as the binary is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "expected the path, sha256 and size of a file that was uploaded; --with FILE adds one"
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobFile {
    /// Its path below the working directory of the load test, with `/` between names.
    pub path: String,
    /// SHA-256 of its content, lower-case hex; it was uploaded before.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
}

impl JobFile {
    /// How many files a job may have.
    pub const MOST: usize = 1000;
    /// How many bytes all files of a job may have together.
    pub const MOST_TOTAL_BYTES: u64 = 1 << 30;
    /// How many bytes one file may have.
    pub const MOST_BYTES: u64 = 512 << 20;
    /// The longest path, and the longest name in one, in bytes.
    const LONGEST_PATH: usize = 512;
    const LONGEST_NAME: usize = 255;

    /// Checks that a path stays below the directory in which it is looked up, whatever is in there.
    ///
    /// # Errors
    /// Says what is wrong with it, without the path itself.
    pub fn check_path(path: &str) -> Result<(), String> {
        if path.is_empty() {
            return Err("a path is missing".to_owned());
        }
        if path.starts_with('/') {
            return Err(
                "absolute paths are not supported: a load test finds its files by relative paths".to_owned(),
            );
        }
        if path.len() > Self::LONGEST_PATH {
            return Err(format!("a path has at most {} bytes", Self::LONGEST_PATH));
        }
        for name in path.split('/') {
            match name {
                ".." => return Err("`..` in a path leaves the directory".to_owned()),
                "" | "." => return Err("expected a path without empty names and `.`".to_owned()),
                name if name.len() > Self::LONGEST_NAME => {
                    return Err(format!(
                        "a name in a path has at most {} bytes",
                        Self::LONGEST_NAME
                    ));
                }
                name if name.chars().any(char::is_control) => {
                    return Err("expected a path without control characters".to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks the number and the total size of files, with what is to be done about it.
    ///
    /// # Errors
    /// Says which limit is exceeded.
    pub fn check_amount(files: &[Self]) -> Result<(), String> {
        if files.len() > Self::MOST {
            return Err(format!(
                "{} files exceed the limit of {} per job",
                files.len(),
                Self::MOST
            ));
        }
        if let Some(file) = files.iter().find(|file| file.size > Self::MOST_BYTES) {
            return Err(format!(
                "`{}` has {} bytes, more than the limit of {} MiB per file",
                file.path.escape_debug(),
                file.size,
                Self::MOST_BYTES >> 20
            ));
        }
        let total = files.iter().map(|file| file.size).fold(0, u64::saturating_add);
        if total > Self::MOST_TOTAL_BYTES {
            return Err(format!(
                "{} MiB of files exceed the limit of {} MiB per job",
                total >> 20,
                Self::MOST_TOTAL_BYTES >> 20
            ));
        }
        Ok(())
    }

    /// Adds files to those of a job; one of the same path replaces it. Files are sorted by path.
    pub(super) fn add(files: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        for file in more {
            files.retain(|known| known.path != file.path);
            files.push(file);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Checks the files of a job.
    pub(super) fn check_all(files: &[Self]) -> Result<(), SpecError> {
        Self::check_amount(files).or_else(|problem| SpecError::refuse("files", problem))?;
        let mut paths = BTreeSet::new();
        for Self { path, sha256, .. } in files {
            let shown = path.escape_debug();
            if let Err(problem) = Self::check_path(path) {
                return SpecError::refuse("files", format!("`{shown}`: {problem}"));
            }
            if !is_sha256(sha256) {
                let problem = format!("`{shown}`: expected a sha256 of 64 lower-case hex digits");
                return SpecError::refuse("files", problem);
            }
            if !paths.insert(path.as_str()) {
                return SpecError::refuse("files", format!("duplicate file `{shown}`: name every file once"));
            }
        }
        for path in &paths {
            let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
            if let Some(file) = above.find(|above| paths.contains(above)) {
                let (path, file) = (path.escape_debug(), file.escape_debug());
                let problem = format!("`{file}` cannot be a file and the directory of `{path}`");
                return SpecError::refuse("files", problem);
            }
        }
        Ok(())
    }
}

/// Whether a text is a SHA-256 in lower-case hex, as artifacts are named.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64) -> JobFile {
        JobFile {
            path: path.to_owned(),
            sha256: "a".repeat(64),
            size,
        }
    }

    fn problem(files: Vec<JobFile>) -> Option<String> {
        JobFile::check_all(&files).err().map(|error| error.to_string())
    }

    #[test]
    fn paths_stay_below_the_directory() {
        for path in ["a.csv", "data/a b.csv", ".hidden", "ä/…", "a\\b", "...", "a/..b"] {
            assert_eq!(problem(vec![file(path, 1)]), None, "{path}");
        }
        let (long_name, long_path) = ("x".repeat(256), "x/".repeat(256) + "x");
        for (path, expected) in [
            ("", "missing"),
            ("/etc/passwd", "`/etc/passwd`: absolute"),
            ("../a", "`../a`: `..`"),
            ("a/../../b", "leaves the directory"),
            ("a/..", "leaves"),
            ("./a", "without empty names"),
            ("a//b", "without empty names"),
            ("a/", "without empty names"),
            ("a\nb", "`a\\nb`: expected a path without control"),
            ("a\0", "without control"),
            (&long_name, "at most 255 bytes"),
            (&long_path, "at most 512 bytes"),
        ] {
            let problem = problem(vec![file(path, 1)]).expect(path);
            assert!(
                problem.starts_with("files: ") && problem.contains(expected),
                "{problem}"
            );
        }
    }

    #[test]
    fn there_are_neither_too_many_nor_too_large_ones() {
        let many = |count: usize, size| (0..count).map(|n| file(&n.to_string(), size)).collect();
        assert_eq!(problem(many(1000, 1 << 20)), None);
        assert!(
            problem(many(1001, 1))
                .unwrap()
                .contains("1001 files exceed the limit of 1000")
        );
        let total = problem(many(3, 512 << 20)).unwrap();
        assert!(
            total.contains("1536 MiB of files exceed the limit of 1024 MiB"),
            "{total}"
        );
        let one = problem(many(1, (512 << 20) + 1)).unwrap();
        assert!(
            one.contains("`0` has 536870913 bytes, more than the limit of 512 MiB"),
            "{one}"
        );
        assert!(problem(many(2, u64::MAX)).is_some());
    }

    #[test]
    fn a_path_is_there_once_and_a_file_is_no_directory() {
        let twice = problem(vec![file("a", 1), file("a", 2)]).unwrap();
        assert!(twice.contains("duplicate file `a`"), "{twice}");
        let both = problem(vec![file("a/b/c", 1), file("a.x", 1), file("a", 2)]).unwrap();
        assert!(
            both.contains("`a` cannot be a file and the directory of `a/b/c`"),
            "{both}"
        );
        let mut hash = file("a", 1);
        hash.sha256 = "A".repeat(64);
        assert!(problem(vec![hash]).unwrap().contains("64 lower-case hex digits"));
    }

    #[test]
    fn an_added_file_replaces_the_one_of_its_path() {
        let mut files = Vec::new();
        JobFile::add(&mut files, [file("b", 1), file("a", 1)]);
        JobFile::add(&mut files, [file("b", 2)]);
        assert_eq!(files, [file("a", 1), file("b", 2)]);
    }
}
