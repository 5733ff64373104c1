//! Finds files below a directory: by path, by directory and by pattern. Nothing outside of the directory is found.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use glob::MatchOptions;
use heavy_report::escape;
use heavy_results::job::JobFile;

use super::super::Error;

/// `*` and `?` match neither `/` nor the dot of a hidden file, which often holds secrets.
const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Checks a pattern such as `data/*.csv`, without a look at any file.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    JobFile::check_path(pattern.strip_suffix('/').unwrap_or(pattern))?;
    match glob::Pattern::new(pattern) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("invalid pattern: {error}")),
    }
}

/// A search, and what it has found so far.
#[derive(Debug)]
pub(super) struct Search<'a> {
    directory: &'a Path,
    /// `directory` without links.
    real: PathBuf,
    /// Where the names come from.
    setting: &'a str,
    /// By the path in the job.
    found: BTreeMap<String, PathBuf>,
}

impl<'a> Search<'a> {
    /// A search in `directory` for what `setting` names.
    pub(super) fn new(directory: &'a Path, setting: &'a str) -> Result<Self, Error> {
        let real = directory.canonicalize().map_err(|problem| Error::File {
            what: "read",
            file: directory.to_owned(),
            problem,
        })?;
        Ok(Self {
            directory,
            real,
            setting,
            found: BTreeMap::new(),
        })
    }

    pub(super) fn setting(&self) -> &str {
        self.setting
    }

    /// What was found.
    pub(super) fn finish(self) -> BTreeMap<String, PathBuf> {
        self.found
    }

    /// Adds a file, or all files below a directory that are not hidden.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), Error> {
        let plain = path.components().filter(|part| *part != Component::CurDir);
        let relative: PathBuf = plain.collect();
        let text = self.text(&relative)?;
        if relative.as_os_str().is_empty() {
            // The directory itself, written as `.`.
            return self.add_directory(&relative, &mut vec![self.real.clone()]);
        }
        JobFile::check_path(&text).map_err(|problem| self.wrong(path, &problem))?;
        self.add_entry(&relative, &mut vec![self.real.clone()])
    }

    /// Adds what matches a pattern.
    pub(super) fn add_matching(&mut self, pattern: &str) -> Result<(), Error> {
        check_pattern(pattern).map_err(|problem| self.wrong(Path::new(pattern), &problem))?;
        let Some(directory) = self.directory.to_str() else {
            let problem = "patterns require a directory whose path is UTF-8";
            return Err(self.wrong(self.directory, problem));
        };
        let below = format!("{}/{pattern}", glob::Pattern::escape(directory));
        let matches = glob::glob_with(&below, MATCHING);
        let matches =
            matches.map_err(|error| self.wrong(Path::new(pattern), &format!("invalid pattern: {error}")))?;
        let mut any = false;
        for entry in matches {
            let path = entry
                .map_err(|error| self.wrong(error.path(), &format!("cannot read it: {}", error.error())))?;
            let relative = path.strip_prefix(self.directory).unwrap_or(&path).to_owned();
            self.add(&relative)?;
            any = true;
        }
        if any {
            return Ok(());
        }
        let directory = escape(&self.directory.display().to_string());
        Err(self.wrong(Path::new(pattern), &format!("no file in {directory} matches")))
    }

    /// `above` are the directories that contain the entry, without links.
    fn add_entry(&mut self, relative: &Path, above: &mut Vec<PathBuf>) -> Result<(), Error> {
        let source = self.directory.join(relative);
        let real = source.canonicalize().map_err(|error| {
            let here = escape(&self.real.display().to_string());
            self.wrong(relative, &format!("cannot read it in {here}: {error}"))
        })?;
        if !real.starts_with(&self.real) {
            let here = escape(&self.real.display().to_string());
            let problem = format!("the link leads out of {here}: copy the file into it");
            return Err(self.wrong(relative, &problem));
        }
        let metadata = real.metadata();
        let metadata = metadata.map_err(|error| self.wrong(relative, &format!("cannot read it: {error}")))?;
        if metadata.is_dir() {
            if above.contains(&real) {
                return Err(self.wrong(relative, "the link leads to a directory that contains it"));
            }
            above.push(real);
            let added = self.add_directory(relative, above);
            above.pop();
            return added;
        }
        if !metadata.is_file() {
            return Err(self.wrong(relative, "not a regular file"));
        }
        let text = self.text(relative)?;
        JobFile::check_path(&text).map_err(|problem| self.wrong(relative, &problem))?;
        self.found.insert(text, source);
        if self.found.len() > JobFile::MOST {
            let problem = format!("more than {} files, the limit per job", JobFile::MOST);
            return Err(Error::Usage(format!("{}: {problem}: name fewer", self.setting)));
        }
        Ok(())
    }

    fn add_directory(&mut self, relative: &Path, above: &mut Vec<PathBuf>) -> Result<(), Error> {
        let unreadable = |problem| Error::File {
            what: "read",
            file: self.directory.join(relative),
            problem,
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.directory.join(relative)).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            if !name.as_encoded_bytes().starts_with(b".") {
                names.push(name);
            }
        }
        names.sort();
        for name in names {
            self.add_entry(&relative.join(name), above)?;
        }
        Ok(())
    }

    fn text(&self, path: &Path) -> Result<String, Error> {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| self.wrong(path, "expected a path in UTF-8"))
    }

    fn wrong(&self, path: &Path, problem: &str) -> Error {
        let path = escape(&path.display().to_string());
        Error::Usage(format!("{}: `{path}`: {problem}", self.setting))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory with files, and one beside it.
    fn tree() -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        for file in [
            "in/a.csv",
            "in/data/b.csv",
            "in/data/c.txt",
            "in/data/deep/d.csv",
            "in/.env",
            "in/data/.key",
            "out/x.csv",
        ] {
            let path = temp.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        temp
    }

    fn found(
        temp: &tempfile::TempDir,
        add: impl FnOnce(&mut Search<'_>) -> Result<(), Error>,
    ) -> Result<Vec<String>, String> {
        let directory = temp.path().join("in");
        let mut search = Search::new(&directory, "--with").unwrap();
        add(&mut search).map_err(|error| error.to_string())?;
        Ok(search.finish().into_keys().collect())
    }

    fn added(temp: &tempfile::TempDir, path: &str) -> Result<Vec<String>, String> {
        found(temp, |search| search.add(Path::new(path)))
    }

    fn matched(temp: &tempfile::TempDir, pattern: &str) -> Result<Vec<String>, String> {
        found(temp, |search| search.add_matching(pattern))
    }

    #[test]
    fn files_and_directories_keep_their_relative_paths() {
        let temp = tree();
        assert_eq!(added(&temp, "./a.csv").unwrap(), ["a.csv"]);
        assert_eq!(added(&temp, "data/b.csv").unwrap(), ["data/b.csv"]);
        let all = ["data/b.csv", "data/c.txt", "data/deep/d.csv"];
        assert_eq!(added(&temp, "data/").unwrap(), all);
        assert_eq!(added(&temp, ".").unwrap().len(), 4);
        assert_eq!(
            added(&temp, ".env").unwrap(),
            [".env"],
            "a hidden file can be named"
        );
        assert_eq!(matched(&temp, "data/*.csv").unwrap(), ["data/b.csv"]);
        assert_eq!(
            matched(&temp, "**/*.csv").unwrap(),
            ["a.csv", "data/b.csv", "data/deep/d.csv"]
        );
        assert_eq!(matched(&temp, "data").unwrap(), all);
        assert_eq!(
            matched(&temp, "*").unwrap().len(),
            4,
            "hidden files are not matched"
        );
    }

    #[test]
    fn nothing_outside_of_the_directory_is_found() {
        let temp = tree();
        symlink(temp.path().join("out/x.csv"), temp.path().join("in/data/x.csv")).unwrap();
        symlink("../out", temp.path().join("in/other")).unwrap();
        symlink("b.csv", temp.path().join("in/data/same.csv")).unwrap();
        assert_eq!(added(&temp, "data/same.csv").unwrap(), ["data/same.csv"]);
        for (path, part) in [
            ("/etc/hosts", "absolute paths"),
            ("../out/x.csv", "leaves the directory"),
            ("data/../../out/x.csv", "leaves the directory"),
            ("data/x.csv", "the link leads out of"),
            ("other/x.csv", "the link leads out of"),
            ("data", "`data/x.csv`: the link leads out of"),
            ("none.csv", "cannot read it in"),
        ] {
            let problem = added(&temp, path).unwrap_err();
            assert!(
                problem.starts_with("--with: `") && problem.contains(part),
                "{path}: {problem}"
            );
        }
        for (pattern, part) in [
            ("/etc/*", "absolute paths"),
            ("../out/*", "leaves the directory"),
            ("data/*", "the link leads out of"),
            ("other/*", "the link leads out of"),
            ("none/*.csv", "no file in"),
            ("a[", "invalid pattern"),
        ] {
            let problem = matched(&temp, pattern).unwrap_err();
            assert!(problem.contains(part), "{pattern}: {problem}");
        }
    }

    #[test]
    fn a_walk_ends() {
        let temp = tree();
        symlink("..", temp.path().join("in/data/up")).unwrap();
        let problem = added(&temp, "data").unwrap_err();
        assert!(problem.contains("a directory that contains it"), "{problem}");
        let temp = tree();
        for n in 0..=JobFile::MOST {
            fs::write(temp.path().join(format!("in/data/{n}")), "").unwrap();
        }
        let problem = added(&temp, "data").unwrap_err();
        assert!(problem.contains("more than 1000 files"), "{problem}");
    }
}
