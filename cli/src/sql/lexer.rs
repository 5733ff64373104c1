//! SQL in tokens, as far as a shell must know it: what is quoted, what is a name, where a statement ends.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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

/// A piece of a statement. All tokens of a text together are the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// Whether a quoted part or a comment has its end; true of all else.
    pub(crate) closed: bool,
}

/// The tokens of a text. Unfinished quotes and comments reach to the end: the database will complain.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = (at < sql.len()).then(|| token(sql, at))?;
        at += token.text.len();
        Some(token)
    })
}

/// What looks like a placeholder inside of a string, a quoted name or a comment is none, nor is the type of a cast
/// (`x::text`).
fn token(sql: &str, at: usize) -> Token<'_> {
    let bytes = sql.as_bytes();
    let rest = &bytes[at..];
    let (kind, end) = match bytes[at] {
        b'\'' => (Kind::Quoted, end_of_quote(bytes, at, b'\'', false)),
        b'e' | b'E' if rest.get(1) == Some(&b'\'') => {
            (Kind::Quoted, end_of_quote(bytes, at + 1, b'\'', true))
        }
        quote @ (b'"' | b'`') => (Kind::Quoted, end_of_quote(bytes, at, quote, false)),
        b'-' if rest.starts_with(b"--") => (Kind::Comment, position(bytes, at, b"\n")),
        b'/' if rest.starts_with(b"/*") => (Kind::Comment, end_of_comment(bytes, at)),
        b'$' => end_of_dollar(sql, at),
        b':' if rest.starts_with(b"::") => (Kind::Sign, Some(at + 2)),
        b':' if rest.get(1).is_some_and(|byte| starts_name(*byte)) => {
            (Kind::Placeholder, Some(end_of_name(bytes, at + 1)))
        }
        b';' => (Kind::End, Some(at + 1)),
        byte if byte.is_ascii_whitespace() => (Kind::Blank, Some(end_of_blank(bytes, at))),
        byte if is_name(byte) => (Kind::Name, Some(end_of_name(bytes, at))),
        _ => (Kind::Sign, Some(at + 1)),
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
    let blanks = bytes[from..].iter().take_while(|byte| byte.is_ascii_whitespace());
    from + blanks.count()
}

/// The place of a text at or after `from`.
fn position(bytes: &[u8], from: usize, text: &[u8]) -> Option<usize> {
    bytes[from..]
        .windows(text.len())
        .position(|window| window == text)
        .map(|place| from + place)
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

/// Comments nest in Postgres and do not in SQLite; nested ones are rare enough to follow Postgres.
fn end_of_comment(bytes: &[u8], from: usize) -> Option<usize> {
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
fn end_of_dollar(sql: &str, from: usize) -> (Kind, Option<usize>) {
    let bytes = sql.as_bytes();
    let tag = if bytes.get(from + 1).is_some_and(|byte| starts_name(*byte)) {
        end_of_name(bytes, from + 1)
    } else {
        from + 1
    };
    if bytes.get(tag) != Some(&b'$') {
        return (Kind::Sign, Some(tag));
    }
    let mark = &bytes[from..=tag];
    let end = position(bytes, tag + 1, mark).map(|end| end + mark.len());
    (Kind::Quoted, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(sql: &str) -> Vec<(Kind, &str, bool)> {
        tokens(sql)
            .filter(|token| token.kind != Kind::Blank)
            .map(|token| (token.kind, token.text, token.closed))
            .collect()
    }

    #[test]
    fn quotes_comments_and_names_are_told_apart() {
        assert_eq!(
            kinds("a.b1 = 'x;''' -- c\n;"),
            [
                (Kind::Name, "a", true),
                (Kind::Sign, ".", true),
                (Kind::Name, "b1", true),
                (Kind::Sign, "=", true),
                (Kind::Quoted, "'x;'''", true),
                (Kind::Comment, "-- c", true),
                (Kind::End, ";", true),
            ]
        );
        assert_eq!(kinds("-- at the end"), [(Kind::Comment, "-- at the end", true)]);
        for open in ["'a", "\"a", "/* a", "/* a /* b */", "$$ a", "$t$ a $$", "E'a\\'"] {
            let found = kinds(open);
            assert_eq!(found.len(), 1, "{open}");
            assert!(!found[0].2, "{open}");
        }
        assert_eq!(
            kinds("$1 :job x::text"),
            [
                (Kind::Sign, "$", true),
                (Kind::Name, "1", true),
                (Kind::Placeholder, ":job", true),
                (Kind::Name, "x", true),
                (Kind::Sign, "::", true),
                (Kind::Name, "text", true),
            ]
        );
    }

    proptest! {
        #[test]
        fn the_tokens_are_the_text(sql in "[aeE:;'\"$/*\\-\\\\ \nü_1`]{0,40}") {
            let mut at = 0;
            for token in tokens(&sql) {
                prop_assert!(token.at == at && !token.text.is_empty());
                at += token.text.len();
            }
            prop_assert_eq!(at, sql.len());
        }
    }
}
