//! What is typed or read, in statements and commands of the shell.

use heavy_store::{Dialect, TokenKind, tokens};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScriptInput<'a> {
    /// A statement, without the `;` that ended it.
    Statement(&'a str),
    /// A line that began with a backslash outside of a statement, without the backslash.
    Command(&'a str),
}

/// Splits a script. The remainder is an unfinished statement.
pub(crate) fn split(text: &str, dialect: Dialect) -> (Vec<ScriptInput<'_>>, &str) {
    let mut inputs = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(command) = rest.strip_prefix('\\') {
            let line = command.split('\n').next().unwrap_or_default();
            inputs.push(ScriptInput::Command(line.trim()));
            rest = &command[line.len()..];
            continue;
        }
        let Some(end) = tokens(rest, dialect).find(|token| token.kind == TokenKind::End) else {
            return (inputs, rest);
        };
        let statement = &rest[..end.at];
        if !is_blank(statement, dialect) {
            inputs.push(ScriptInput::Statement(statement));
        }
        rest = &rest[end.at + 1..];
    }
}

/// Whether a script is only white space and finished comments.
pub(crate) fn is_blank(text: &str, dialect: Dialect) -> bool {
    tokens(text, dialect)
        .all(|token| matches!(token.kind, TokenKind::Blank | TokenKind::Comment) && token.closed)
}

#[cfg(test)]
mod tests {
    use super::ScriptInput::{Command, Statement};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statements_end_at_semicolons_and_commands_at_lines() {
        let two = vec![Statement("select ';'"), Statement("-- why\nselect 2")];
        let three = vec![Command("d jobs"), Statement("select 1"), Command("q")];
        for (text, inputs, rest) in [
            ("", vec![], ""),
            ("  \n", vec![], ""),
            ("select 1", vec![], "select 1"),
            ("select 1;", vec![Statement("select 1")], ""),
            (";;", vec![], ""),
            ("select ';';\n-- why\nselect 2;", two, ""),
            ("select 1; select\n2", vec![Statement("select 1")], "select\n2"),
            ("\\d jobs \nselect 1;\n\\q", three, ""),
            ("select 'a\n\\d\n", vec![], "select 'a\n\\d\n"),
            ("select 1 \\d", vec![], "select 1 \\d"),
            ("-- nothing; here", vec![], "-- nothing; here"),
            ("select [a;b];", vec![Statement("select [a;b]")], ""),
        ] {
            assert_eq!(split(text, Dialect::Sqlite), (inputs, rest), "{text}");
        }
    }

    #[test]
    fn blanks_and_comments_are_no_statement() {
        assert!(is_blank(" -- a\n /* ; */ ", Dialect::Sqlite));
        assert!(!is_blank("/* open", Dialect::Sqlite));
        assert!(!is_blank("x", Dialect::Sqlite));
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[ab:;'\"$/*\\-\\\\ \n]{0,40}") {
            let (inputs, rest) = split(&text, Dialect::Postgres);
            let mut at = 0;
            let pieces = inputs.iter().map(|input| match input { Statement(text) | Command(text) => *text });
            for piece in pieces.chain([rest]) {
                let found = text[at..].find(piece);
                prop_assert!(found.is_some(), "{:?} in {:?}", piece, text);
                at += found.unwrap_or_default() + piece.len();
            }
            prop_assert!(text.ends_with(rest));
        }
    }
}
