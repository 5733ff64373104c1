//! Files of variables: `KEY=VALUE` lines.

use std::collections::BTreeMap;

/// The variables of `KEY=VALUE` lines. Empty lines and those that begin with `#` are skipped, a leading `export` too; one
/// pair of quotes around a value is removed. The last value of a repeated key counts.
///
/// # Errors
/// The number of the first invalid line, from 1. Values are often secrets, so messages must not quote it.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
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
