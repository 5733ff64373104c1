//! `:name` in people's SQL: found where it is one, replaced by a quoted text.

/// A piece of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Passed on as it is.
    Verbatim(&'a str),
    /// `:name`, without the colon.
    Placeholder(&'a str),
}

/// Splits a statement. What looks like a placeholder inside of a string, a quoted name or a comment is none, nor is
/// the type of a cast (`x::text`). Unfinished quotes and comments reach to the end: the database will complain.
pub(crate) fn split(sql: &str) -> Vec<Piece<'_>> {
    let bytes = sql.as_bytes();
    let mut pieces = Vec::new();
    let mut verbatim = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => at = end_of_quote(bytes, at, b'\'', is_escape_string(bytes, at)),
            quote @ (b'"' | b'`') => at = end_of_quote(bytes, at, quote, false),
            b'-' if bytes[at..].starts_with(b"--") => at = position(bytes, at, b"\n").unwrap_or(bytes.len()),
            b'/' if bytes[at..].starts_with(b"/*") => at = end_of_comment(bytes, at),
            b'$' => at = end_of_dollar_quote(sql, at),
            b':' if bytes[at..].starts_with(b"::") => at += 2,
            b':' if bytes.get(at + 1).is_some_and(|byte| starts_name(*byte)) => {
                let end = end_of_name(bytes, at + 1);
                if verbatim < at {
                    pieces.push(Piece::Verbatim(&sql[verbatim..at]));
                }
                pieces.push(Piece::Placeholder(&sql[at + 1..end]));
                (verbatim, at) = (end, end);
            }
            byte if is_name(byte) => at = end_of_name(bytes, at),
            _ => at += 1,
        }
    }
    if verbatim < bytes.len() {
        pieces.push(Piece::Verbatim(&sql[verbatim..]));
    }
    pieces
}

/// The text as an SQL string.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

const fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Bytes of letters beyond ASCII count as letters.
const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn end_of_name(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| !is_name(*byte))
        .map_or(bytes.len(), |length| from + length)
}

/// The place of a text at or after `from`.
fn position(bytes: &[u8], from: usize, text: &[u8]) -> Option<usize> {
    bytes[from..]
        .windows(text.len())
        .position(|window| window == text)
        .map(|place| from + place)
}

/// Behind a quoted part that begins at `from`; a doubled quote is one within.
fn end_of_quote(bytes: &[u8], from: usize, quote: u8, backslash_escapes: bool) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        if backslash_escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

/// Whether the quote at `at` begins one of Postgres's `E'...'` strings.
fn is_escape_string(bytes: &[u8], at: usize) -> bool {
    let e = at
        .checked_sub(1)
        .is_some_and(|before| matches!(bytes[before], b'e' | b'E'));
    e && at.checked_sub(2).is_none_or(|before| !is_name(bytes[before]))
}

/// Comments nest in Postgres and do not in SQLite; nested ones are rare enough to follow Postgres.
fn end_of_comment(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Behind `$tag$ ... $tag$`; a dollar that begins none is passed.
fn end_of_dollar_quote(sql: &str, from: usize) -> usize {
    let bytes = sql.as_bytes();
    let tag = if bytes.get(from + 1).is_some_and(|byte| starts_name(*byte)) {
        end_of_name(bytes, from + 1)
    } else {
        from + 1
    };
    if bytes.get(tag) != Some(&b'$') {
        return tag;
    }
    let mark = &bytes[from..=tag];
    position(bytes, tag + 1, mark).map_or(bytes.len(), |end| end + mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn placeholders(sql: &str) -> Vec<&str> {
        split(sql)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Placeholder(name) => Some(name),
                Piece::Verbatim(_) => None,
            })
            .collect()
    }

    #[test]
    fn placeholders_are_found_where_they_are_some() {
        let found: [(&str, &[&str]); 16] = [
            ("select * from jobs where id = :job", &["job"]),
            (":job", &["job"]),
            ("a=:job and b=:other_2;", &["job", "other_2"]),
            ("select ':job', \":job\", `:job`", &[]),
            ("select 'it''s :job', :sequence", &["sequence"]),
            ("select E'it\\'s :job', :sequence", &["sequence"]),
            ("select 'a\\', :job", &["job"]),
            ("select :job -- :other\n, :third", &["job", "third"]),
            ("select /* :a /* :b */ :c */ :job", &["job"]),
            ("select x::text, a[1:2], :job::uuid", &["job"]),
            ("select $$ :a $$, $tag$ :b $$ :c $tag$, :job", &["job"]),
            ("select $1, :job", &["job"]),
            ("select 'unfinished :job", &[]),
            ("select /* unfinished :job", &[]),
            ("select naïve, 'ü', :job", &["job"]),
            ("select ':', : , :9", &[]),
        ];
        for (sql, expected) in found {
            assert_eq!(placeholders(sql), expected, "{sql}");
        }
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("a'b"), "'a''b'");
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_statement(sql in "[a:'\"$/*\\-\\\\ \nü_1E`]{0,40}") {
            let joined: String = split(&sql)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Verbatim(text) => text.to_owned(),
                    Piece::Placeholder(name) => format!(":{name}"),
                })
                .collect();
            prop_assert_eq!(joined, sql);
        }

        #[test]
        fn a_quoted_text_stays_one_string(text in "[':a\\-/*$]{0,20}") {
            let sql = format!("select {}", quoted(&text));
            prop_assert!(placeholders(&sql).is_empty());
        }
    }
}
