//! The tokens of SQL: what is quoted, what is a comment, what is a name, where a statement ends.

/// The SQL dialect of a database: dialects differ in comments and quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Comments nest; `E'...'` and `$tag$ ... $tag$` are strings.
    Postgres,
    /// `[...]` and `` `...` `` are quoted names.
    Sqlite,
}

impl Dialect {
    /// The dialect of the database that a URL names.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        // As `address::parse` reads it: all else is a file.
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::Postgres
        } else {
            Self::Sqlite
        }
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// White space.
    Blank,
    /// `-- ...` or `/* ... */`.
    Comment,
    /// A string or a quoted name.
    Quoted,
    /// A keyword, a name or a number.
    Name,
    /// `:name`.
    Placeholder,
    /// `;`.
    End,
    /// Anything else.
    Sign,
}

/// A piece of a statement. All tokens together are the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text.
    pub text: &'a str,
    /// Its offset in bytes.
    pub at: usize,
    /// False for a quoted part or a comment without an end.
    pub closed: bool,
}

/// The tokens of a statement. Unfinished quotes and comments reach to the end: the database will complain.
pub fn tokens(sql: &str, dialect: Dialect) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = (at < sql.len()).then(|| token(sql, at, dialect))?;
        at += token.text.len();
        Some(token)
    })
}

/// A colon inside a string, a quoted name or a comment starts no placeholder, nor does the cast `x::text`.
fn token(sql: &str, at: usize, dialect: Dialect) -> Token<'_> {
    let is_postgres = dialect == Dialect::Postgres;
    let bytes = sql.as_bytes();
    let rest = &bytes[at..];
    let (kind, end) = match bytes[at] {
        b'\'' => (TokenKind::Quoted, end_of_quote(bytes, at, b'\'', false)),
        b'e' | b'E' if is_postgres && rest.get(1) == Some(&b'\'') => {
            (TokenKind::Quoted, end_of_quote(bytes, at + 1, b'\'', true))
        }
        b'"' => (TokenKind::Quoted, end_of_quote(bytes, at, b'"', false)),
        b'`' if !is_postgres => (TokenKind::Quoted, end_of_quote(bytes, at, b'`', false)),
        b'[' if !is_postgres => (TokenKind::Quoted, behind(bytes, at, b"]")),
        b'-' if rest.starts_with(b"--") => (TokenKind::Comment, position(bytes, at, b"\n")),
        b'/' if rest.starts_with(b"/*") => (TokenKind::Comment, end_of_comment(bytes, at, is_postgres)),
        b'$' if is_postgres => end_of_dollar(sql, at),
        b':' if rest.starts_with(b"::") => (TokenKind::Sign, Some(at + 2)),
        b':' if rest.get(1).is_some_and(|byte| starts_name(*byte)) => {
            (TokenKind::Placeholder, Some(end_of_name(bytes, at + 1)))
        }
        b';' => (TokenKind::End, Some(at + 1)),
        byte if is_blank(byte) => (TokenKind::Blank, Some(end_of_blank(bytes, at))),
        byte if is_name(byte) => (TokenKind::Name, Some(end_of_name(bytes, at))),
        _ => (TokenKind::Sign, Some(at + 1)),
    };
    // The end of a line ends a comment and is not part of it, so that one at the end of the text is finished too.
    let closed = end.is_some() || sql[at..].starts_with("--");
    let end = end.unwrap_or(sql.len());
    let text = &sql[at..end];
    Token {
        kind,
        text,
        at,
        closed,
    }
}

const fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

const fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Bytes of letters beyond ASCII count as letters.
const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn end_of_name(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|byte| is_name(**byte)).count()
}

fn end_of_blank(bytes: &[u8], from: usize) -> usize {
    let blanks = bytes[from..].iter().take_while(|byte| is_blank(**byte));
    from + blanks.count()
}

/// The position of a string at or after `from`.
fn position(bytes: &[u8], from: usize, text: &[u8]) -> Option<usize> {
    bytes[from..]
        .windows(text.len())
        .position(|window| window == text)
        .map(|place| from + place)
}

/// The position after a string at or after `from`.
fn behind(bytes: &[u8], from: usize, text: &[u8]) -> Option<usize> {
    position(bytes, from, text).map(|place| place + text.len())
}

/// Behind a quoted part that begins at `from`; a doubled quote is one within.
fn end_of_quote(bytes: &[u8], from: usize, quote: u8, backslash_escapes: bool) -> Option<usize> {
    let mut at = from + 1;
    while at < bytes.len() {
        if backslash_escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
    None
}

fn end_of_comment(bytes: &[u8], from: usize, nests: bool) -> Option<usize> {
    if !nests {
        return behind(bytes, from + 2, b"*/");
    }
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
                return Some(at);
            }
        } else {
            at += 1;
        }
    }
    None
}

/// Behind `$tag$ ... $tag$`; a dollar that begins none is a sign, with the name after it.
fn end_of_dollar(sql: &str, from: usize) -> (TokenKind, Option<usize>) {
    let bytes = sql.as_bytes();
    let tag = if bytes.get(from + 1).is_some_and(|byte| starts_name(*byte)) {
        end_of_name(bytes, from + 1)
    } else {
        from + 1
    };
    if bytes.get(tag) != Some(&b'$') {
        return (TokenKind::Sign, Some(tag));
    }
    let mark = &bytes[from..=tag];
    (TokenKind::Quoted, behind(bytes, tag + 1, mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(sql: &str, dialect: Dialect) -> Vec<(TokenKind, &str, bool)> {
        tokens(sql, dialect)
            .filter(|token| token.kind != TokenKind::Blank)
            .map(|token| (token.kind, token.text, token.closed))
            .collect()
    }

    #[test]
    fn quotes_comments_and_names_are_told_apart() {
        assert_eq!(
            kinds("a.b1 = 'x;''' -- c\n;", Dialect::Postgres),
            [
                (TokenKind::Name, "a", true),
                (TokenKind::Sign, ".", true),
                (TokenKind::Name, "b1", true),
                (TokenKind::Sign, "=", true),
                (TokenKind::Quoted, "'x;'''", true),
                (TokenKind::Comment, "-- c", true),
                (TokenKind::End, ";", true),
            ]
        );
        assert_eq!(
            kinds("-- at the end", Dialect::Postgres),
            [(TokenKind::Comment, "-- at the end", true)]
        );
        for open in ["'a", "\"a", "/* a", "/* a /* b */", "$$ a", "$t$ a $$", "E'a\\'"] {
            let found = kinds(open, Dialect::Postgres);
            assert_eq!(found.len(), 1, "{open}");
            assert!(!found[0].2, "{open}");
        }
        assert_eq!(
            kinds("$1 :job x::text", Dialect::Postgres),
            [
                (TokenKind::Sign, "$", true),
                (TokenKind::Name, "1", true),
                (TokenKind::Placeholder, ":job", true),
                (TokenKind::Name, "x", true),
                (TokenKind::Sign, "::", true),
                (TokenKind::Name, "text", true),
            ]
        );
    }

    #[test]
    fn dialects_differ_in_comments_and_quotes() {
        use TokenKind::{Comment, End, Name, Quoted, Sign};
        let of = |sql, dialect| -> Vec<TokenKind> {
            kinds(sql, dialect).into_iter().map(|(kind, ..)| kind).collect()
        };
        for (sql, postgres, sqlite) in [
            ("[a;b]", &[Sign, Name, End, Name, Sign][..], &[Quoted][..]),
            ("`a;b`", &[Sign, Name, End, Name, Sign], &[Quoted]),
            ("/* /* */ */", &[Comment], &[Comment, Sign, Sign]),
            ("E'\\''", &[Quoted], &[Name, Quoted]),
            ("$$;$$", &[Quoted], &[Sign, Sign, End, Sign, Sign]),
        ] {
            assert_eq!(of(sql, Dialect::Postgres), postgres, "{sql}");
            assert_eq!(of(sql, Dialect::Sqlite), sqlite, "{sql}");
        }
        assert_eq!(Dialect::of_url("sqlite:///x.db"), Dialect::Sqlite);
        assert_eq!(Dialect::of_url("x.db"), Dialect::Sqlite);
        assert_eq!(Dialect::of_url("postgresql://h/x"), Dialect::Postgres);
    }

    proptest! {
        #[test]
        fn the_tokens_are_the_text(sql in "[aeE:;'\"$/*\\-\\\\ \nü_1`\\[\\]]{0,40}") {
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                let mut at = 0;
                for token in tokens(&sql, dialect) {
                    prop_assert!(token.at == at && !token.text.is_empty());
                    at += token.text.len();
                }
                prop_assert_eq!(at, sql.len());
            }
        }
    }
}
