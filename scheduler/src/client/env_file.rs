//! Files of variables: `KEY=VALUE` lines. Their values are often secrets, so that no error quotes a line.

use std::collections::BTreeMap;
use std::path::Path;

use super::Error;
use super::plan::read;

/// Reads a file of `KEY=VALUE` lines; `-` is stdin.
///
/// # Errors
/// When it cannot be read, or a line is none; the error has the line's number, and not what is in it.
pub fn env_file(file: &Path) -> Result<BTreeMap<String, String>, Error> {
    parse(&read(file)?).map_err(|number| {
        Error::Usage(format!(
            "{}:{number}: this line is no KEY=VALUE (comments begin with #)",
            file.display()
        ))
    })
}

/// The variables, or the number of the line that is none. Empty lines and those that begin with `#` are skipped, a leading
/// `export` too; one pair of quotes around a value is taken away. As the SDK reads env files.
fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let lines = (1usize..).zip(text.lines().map(str::trim));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let (key, value) = line
                .strip_prefix("export ")
                .unwrap_or(line)
                .split_once('=')
                .filter(|(key, _)| is_key(key.trim()))
                .ok_or(number)?;
            Ok((key.trim().to_owned(), unquoted(value.trim()).to_owned()))
        })
        .collect()
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && !key.contains(|c: char| c.is_whitespace() || c.is_control())
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
    use proptest::prelude::*;

    #[test]
    fn assignments_are_read_and_other_lines_are_counted() {
        let text = "# comment\n\nA=1\nexport B = two words \nC=\"quoted = value\"\nD='x'\nE=\n";
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "quoted = value"),
            ("D", "x"),
            ("E", ""),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(parse(text), Ok(expected.into()));
        assert_eq!(parse("A=1\nsecret"), Err(2));
        assert_eq!(parse("=1"), Err(1));
        assert_eq!(parse("two words=1"), Err(1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pairs in proptest::collection::btree_map("[A-Z][A-Z0-9_]{0,8}", "[!#-&(-~]{0,12}", 0..8)) {
            let text: String = pairs.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
            prop_assert_eq!(parse(&text), Ok(pairs));
        }

        #[test]
        fn nothing_panics(text in ".{0,64}") {
            let _ = parse(&text);
        }
    }
}
