//! What a person may run: one statement that reads.

const READING: [&str; 6] = ["select", "with", "values", "explain", "show", "table"];

/// The statement without what surrounds it, if it is one that reads; else why it is refused.
///
/// This is for clear messages; that nothing is written is the connection's duty.
pub(crate) fn reading(sql: &str) -> Result<&str, String> {
    let start = skip_blank(sql, 0);
    let sql = sql[start..].trim_end();
    if sql.is_empty() {
        return Err("there is no statement: write one that starts with SELECT".to_owned());
    }
    let word: String = sql
        .trim_start_matches('(')
        .trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    if READING.contains(&word.to_ascii_lowercase().as_str()) {
        return Ok(sql);
    }
    let shown: String = sql
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .chars()
        .take(20)
        .collect();
    Err(format!(
        "{shown:?} is refused: queries only read, so write one statement that starts with SELECT, WITH, VALUES or EXPLAIN"
    ))
}

/// As [`reading`], for a database that would run all statements of a text.
pub(crate) fn only_reading(sql: &str) -> Result<&str, String> {
    let sql = reading(sql)?;
    let mut at = 0;
    while at < sql.len() {
        if sql.as_bytes()[at] == b';' {
            if skip_blank_and_ends(sql, at) < sql.len() {
                return Err("there is more than one statement: run them one by one".to_owned());
            }
            return Ok(&sql[..at]);
        }
        at = skip_one(sql, at);
    }
    Ok(sql)
}

/// The place after a character, or after a whole comment or quoted text that starts here.
fn skip_one(sql: &str, at: usize) -> usize {
    let rest = &sql[at..];
    let after = |end: &str, from: usize| {
        rest[from..]
            .find(end)
            .map_or(sql.len(), |found| at + from + found + end.len())
    };
    match rest.as_bytes()[0] {
        b'-' if rest.starts_with("--") => after("\n", 2),
        b'/' if rest.starts_with("/*") => after("*/", 2),
        // A doubled quote within is two texts side by side, which end at the same place.
        b'\'' => after("'", 1),
        b'"' => after("\"", 1),
        b'`' => after("`", 1),
        b'[' => after("]", 1),
        _ => at + rest.chars().next().map_or(1, char::len_utf8),
    }
}

fn skip_blank(sql: &str, mut at: usize) -> usize {
    while at < sql.len() {
        let rest = &sql[at..];
        let comment = rest.starts_with("--") || rest.starts_with("/*");
        if !comment && !rest.starts_with(char::is_whitespace) {
            break;
        }
        at = skip_one(sql, at);
    }
    at
}

fn skip_blank_and_ends(sql: &str, mut at: usize) -> usize {
    while at < sql.len() && sql.as_bytes()[at] == b';' {
        at = skip_blank(sql, at + 1);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_statement_is_taken() {
        for (sql, expected) in [
            ("select 1", "select 1"),
            (" -- why\n SELECT ';' ; -- end", "SELECT ';' "),
            (
                "/* a ; */ with x as (select 1) select * from x;;\n",
                "with x as (select 1) select * from x",
            ),
            ("(select 1) union select 2", "(select 1) union select 2"),
            (
                "select 'it''s;' as \"a;b\", [c;d] from `e;f`",
                "select 'it''s;' as \"a;b\", [c;d] from `e;f`",
            ),
            ("select 'ü;' ;", "select 'ü;' "),
            ("select 'open ;", "select 'open ;"),
        ] {
            assert_eq!(only_reading(sql), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (sql, expected) in [
            ("", "there is no statement"),
            (" -- only a comment", "there is no statement"),
            (";", "\";\" is refused"),
            ("delete from jobs", "\"delete\" is refused"),
            ("pragma query_only = off", "\"pragma\" is refused"),
            ("attach 'x' as y", "\"attach\" is refused"),
            ("vacuum into 'x'", "\"vacuum\" is refused"),
            ("select 1; select 2", "more than one statement"),
            ("select 1; /* ; */ delete from jobs", "more than one statement"),
            ("select 1 -- ;\n; drop table x", "more than one statement"),
        ] {
            let error = only_reading(sql).unwrap_err();
            assert!(error.contains(expected), "{sql}: {error}");
        }
    }
}
