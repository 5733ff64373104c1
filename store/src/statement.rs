//! Which queries of users run: a single statement that reads.

use crate::tokens::{Dialect, Token, TokenKind, tokens};

const READING: [&str; 6] = ["select", "with", "values", "explain", "show", "table"];

/// The statement without blanks, comments and semicolons around it, if it is one that reads; else why it is refused.
///
/// This is for clear messages; the connection is what prevents writes.
pub(crate) fn reading(sql: &str, dialect: Dialect) -> Result<&str, String> {
    let is_blank = |token: &Token<'_>| matches!(token.kind, TokenKind::Blank | TokenKind::Comment);
    let Some(first) = tokens(sql, dialect).find(|token| !is_blank(token)) else {
        return Err("the query is empty: write a statement that starts with SELECT".to_owned());
    };
    let sql = sql[first.at..].trim_end();
    let word = tokens(sql, dialect).find(|token| !is_blank(token) && token.text != "(");
    let reads = |word: Token<'_>| {
        READING
            .iter()
            .any(|reading| reading.eq_ignore_ascii_case(word.text))
    };
    if !word.is_some_and(reads) {
        let shown: String = sql
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .chars()
            .take(20)
            .collect();
        return Err(format!(
            "`{shown}` is refused: queries only read, so write one statement that starts with SELECT, WITH, VALUES or \
             EXPLAIN"
        ));
    }
    let Some(end) = tokens(sql, dialect).find(|token| token.kind == TokenKind::End) else {
        return Ok(sql);
    };
    let mut rest = tokens(&sql[end.at..], dialect);
    if rest.all(|token| is_blank(&token) || token.kind == TokenKind::End) {
        Ok(&sql[..end.at])
    } else {
        Err("the query has more than one statement: run them one by one".to_owned())
    }
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
            assert_eq!(reading(sql, Dialect::Sqlite), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (sql, expected) in [
            ("", "the query is empty"),
            (" -- only a comment", "the query is empty"),
            (";", "`;` is refused"),
            ("delete from jobs", "`delete` is refused"),
            ("pragma query_only = off", "`pragma` is refused"),
            ("attach 'x' as y", "`attach` is refused"),
            ("vacuum into 'x'", "`vacuum` is refused"),
            ("select 1; select 2", "more than one statement"),
            ("select 1; /* ; */ delete from jobs", "more than one statement"),
            ("select 1 -- ;\n; drop table x", "more than one statement"),
        ] {
            let error = reading(sql, Dialect::Sqlite).unwrap_err();
            assert!(error.contains(expected), "{sql}: {error}");
        }
    }
}
