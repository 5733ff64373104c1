//! `:name` in people's SQL: found where it is one, replaced by a quoted text.

use heavy_store::{Dialect, TokenKind, tokens};

/// A piece of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlPart<'a> {
    /// Passed on as it is.
    Verbatim(&'a str),
    /// `:name`, without the colon.
    Placeholder(&'a str),
}

/// Splits a statement at its placeholders.
pub(crate) fn split(sql: &str, dialect: Dialect) -> Vec<SqlPart<'_>> {
    let mut pieces = Vec::new();
    let mut verbatim = 0;
    for token in tokens(sql, dialect).filter(|token| token.kind == TokenKind::Placeholder) {
        if verbatim < token.at {
            pieces.push(SqlPart::Verbatim(&sql[verbatim..token.at]));
        }
        pieces.push(SqlPart::Placeholder(&token.text[1..]));
        verbatim = token.at + token.text.len();
    }
    if verbatim < sql.len() {
        pieces.push(SqlPart::Verbatim(&sql[verbatim..]));
    }
    pieces
}

/// The placeholder for the id of the job, which is never set.
pub(crate) const JOB: &str = "job";

/// Whether a placeholder of this name can be set.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let placeholder = format!(":{name}");
    // Dialects differ in quotes and comments alone.
    if !matches!(
        split(&placeholder, Dialect::Sqlite)[..],
        [SqlPart::Placeholder(_)]
    ) {
        return Err(format!(
            "invalid name `{name}`: expected letters, digits and _, such as sequence"
        ));
    }
    if name == JOB {
        return Err(format!(":{JOB} is reserved for the id of a job"));
    }
    Ok(())
}

/// The text as an SQL string.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn placeholders(sql: &str, dialect: Dialect) -> Vec<&str> {
        split(sql, dialect)
            .into_iter()
            .filter_map(|piece| match piece {
                SqlPart::Placeholder(name) => Some(name),
                SqlPart::Verbatim(_) => None,
            })
            .collect()
    }

    #[test]
    fn placeholders_are_found_where_they_are_some() {
        let found: [(&str, &[&str]); 12] = [
            ("select * from jobs where id = :job", &["job"]),
            (":job", &["job"]),
            ("a=:job and b=:other_2;", &["job", "other_2"]),
            ("select ':job', \":job\"", &[]),
            ("select 'it''s :job', :sequence", &["sequence"]),
            ("select 'a\\', :job", &["job"]),
            ("select :job -- :other\n, :third", &["job", "third"]),
            ("select $1, :job", &["job"]),
            ("select 'unfinished :job", &[]),
            ("select /* unfinished :job", &[]),
            ("select naïve, 'ü', :job", &["job"]),
            ("select ':', : , :9", &[]),
        ];
        for (sql, expected) in found {
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                assert_eq!(placeholders(sql, dialect), expected, "{sql}");
            }
        }
        let postgres: [(&str, &[&str]); 4] = [
            ("select E'it\\'s :job', :sequence", &["sequence"]),
            ("select /* :a /* :b */ :c */ :job", &["job"]),
            ("select x::text, a[1:2], :job::uuid", &["job"]),
            ("select $$ :a $$, $tag$ :b $$ :c $tag$, :job", &["job"]),
        ];
        for (sql, expected) in postgres {
            assert_eq!(placeholders(sql, Dialect::Postgres), expected, "{sql}");
        }
        let sqlite: [(&str, &[&str]); 3] = [
            ("select `:job`, [:a], :job", &["job"]),
            ("select /* :a /* :b */ :c", &["c"]),
            ("select 'it\\', :job", &["job"]),
        ];
        for (sql, expected) in sqlite {
            assert_eq!(placeholders(sql, Dialect::Sqlite), expected, "{sql}");
        }
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("a'b"), "'a''b'");
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_statement(sql in "[a:'\"$/*\\-\\\\ \nü_1E`]{0,40}") {
            let joined: String = split(&sql, Dialect::Postgres)
                .into_iter()
                .map(|piece| match piece {
                    SqlPart::Verbatim(text) => text.to_owned(),
                    SqlPart::Placeholder(name) => format!(":{name}"),
                })
                .collect();
            prop_assert_eq!(joined, sql);
        }

        #[test]
        fn a_quoted_text_stays_one_string(text in "[':a\\-/*$]{0,20}") {
            let sql = format!("select {}", quoted(&text));
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                prop_assert!(placeholders(&sql, dialect).is_empty());
            }
        }
    }
}
