//! Variables: of the process, and of files of `KEY=value` lines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The process's environment variable `key`, or `default` when it is not set.
#[must_use]
pub fn env_or(key: &str, default: &str) -> String {
    env::var(key).unwrap_or_else(|_| default.to_owned())
}

/// Why an env file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvFileError {
    #[error("cannot read the env file {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("line {number} of the env file {} is not KEY=value", path.display())]
    NotAnAssignment { path: PathBuf, number: usize },
}

/// Reads `KEY=value` lines. Empty lines and those that begin with `#` are skipped, a leading `export` too; one pair of
/// quotes around the value is taken away.
pub(crate) fn read_file(path: &Path) -> Result<BTreeMap<String, String>, EnvFileError> {
    let text = fs::read_to_string(path).map_err(|source| EnvFileError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    parse(&text).map_err(|number| EnvFileError::NotAnAssignment {
        path: path.to_owned(),
        number,
    })
}

/// The variables, or the number of the line that is none.
fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(place, line)| {
            let (key, value) = line
                .strip_prefix("export ")
                .unwrap_or(line)
                .split_once('=')
                .filter(|(key, _)| !key.trim().is_empty())
                .ok_or(place + 1)?;
            Ok((key.trim().to_owned(), unquoted(value.trim()).to_owned()))
        })
        .collect()
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read() {
        let text = "# comment\n\nA=1\nexport B = two words \nC=\"quoted = value\"\nD='x'\nE=\n";
        let read: Vec<_> = parse(text).unwrap().into_iter().collect();
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "quoted = value"),
            ("D", "x"),
            ("E", ""),
        ];
        assert_eq!(
            read,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_line_that_is_no_assignment_is_named() {
        assert_eq!(parse("A=1\nB"), Err(2));
        assert_eq!(parse("=1"), Err(1));
    }
}
