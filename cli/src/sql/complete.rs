//! What can come next in a line of the shell: commands, relations, columns, keywords, placeholders.

use heavy_store::{Dialect, Relation, Token, TokenKind, tokens};

use super::command::COMMANDS;
use super::script::{is_blank, split};

/// The most candidates that are offered.
const MOST: usize = 200;

const KEYWORDS: &str = "SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET AS AND OR NOT IN IS NULL LIKE BETWEEN DISTINCT \
                        JOIN LEFT INNER CROSS ON USING UNION ALL EXCEPT CASE WHEN THEN ELSE END WITH VALUES EXPLAIN ASC DESC \
                        OVER PARTITION count sum avg min max percentile_disc";

/// What is known of the database.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) dialect: Dialect,
    pub(super) relations: Vec<Relation>,
    /// Ids of the newest jobs.
    pub(super) jobs: Vec<String>,
}

impl Catalogue {
    /// Whether the input consists of whole statements and commands.
    pub(super) fn is_whole(&self, text: &str) -> bool {
        is_blank(split(text, self.dialect).1, self.dialect)
    }

    /// Where the word begins that ends at `cursor`, and what it may become.
    pub(super) fn complete(&self, text: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = &text[..cursor];
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        let line = line + (before[line..].len() - before[line..].trim_start().len());
        if before[line..].starts_with('\\') && self.is_whole(&before[..line]) {
            return self.command(before, line);
        }
        let (_, statement) = split(before, self.dialect);
        self.statement(statement, &text[cursor..], cursor)
    }

    fn command(&self, before: &str, line: usize) -> (usize, Vec<String>) {
        let typed = &before[line + 1..];
        let Some((name, argument)) = typed.split_once(' ') else {
            let names = COMMANDS.iter().map(|(name, ..)| *name);
            return (line + 1, matching(typed, names));
        };
        let start = before.len() - argument.len();
        let found = match name {
            "d" => matching(
                argument,
                self.relations.iter().map(|relation| relation.name.as_str()),
            ),
            "job" => matching(
                argument,
                ["last"].into_iter().chain(self.jobs.iter().map(String::as_str)),
            ),
            "format" => matching(argument, ["table", "csv", "json"]),
            "timing" => matching(argument, ["on", "off"]),
            _ => Vec::new(),
        };
        (start, found)
    }

    /// `statement` reaches to the cursor, `after` is what follows.
    fn statement(&self, statement: &str, after: &str, cursor: usize) -> (usize, Vec<String>) {
        let all: Vec<Token<'_>> = tokens(statement, self.dialect).collect();
        let (word, earlier) = match all.split_last() {
            // Within a text or a comment nothing is completed.
            Some((last, _)) if !last.closed || last.text.starts_with("--") => return (cursor, Vec::new()),
            Some((last, earlier)) if matches!(last.kind, TokenKind::Name | TokenKind::Placeholder) => {
                (last.text, earlier)
            }
            // A colon that no name follows yet.
            Some((last, earlier)) if last.text == ":" => (last.text, earlier),
            _ => ("", &all[..]),
        };
        let start = cursor - word.len();
        if word.starts_with(':') {
            return (start, matching(word, [":job"]));
        }
        let earlier: Vec<Token<'_>> = earlier
            .iter()
            .filter(|token| !matches!(token.kind, TokenKind::Blank | TokenKind::Comment))
            .copied()
            .collect();
        let names = self.mentioned(&earlier, after);
        if let [.., of, dot] = &earlier[..]
            && dot.text == "."
        {
            let columns = names
                .iter()
                .filter(|(alias, _)| alias.eq_ignore_ascii_case(of.text))
                .flat_map(|(_, relation)| columns(relation));
            return (start, matching(word, columns));
        }
        let relations = self.relations.iter().map(|relation| relation.name.as_str());
        if wants_relation(&earlier) {
            return (start, matching(word, relations));
        }
        let of_statement = names.iter().flat_map(|(_, relation)| columns(relation));
        let mut found = matching(word, of_statement);
        if names.is_empty() && !word.is_empty() {
            found = matching(word, self.relations.iter().flat_map(columns));
        }
        found.extend(matching(word, relations));
        found.extend(keywords(word));
        found.dedup();
        found.truncate(MOST);
        (start, found)
    }

    /// The relations that a statement names, under their names and aliases.
    fn mentioned(&self, earlier: &[Token<'_>], after: &str) -> Vec<(String, &Relation)> {
        let later = tokens(after, self.dialect)
            .take_while(|token| token.kind != TokenKind::End)
            .filter(|token| !matches!(token.kind, TokenKind::Blank | TokenKind::Comment));
        let all: Vec<Token<'_>> = earlier.iter().copied().chain(later).collect();
        let mut found: Vec<(String, &Relation)> = Vec::new();
        for (place, token) in all.iter().enumerate() {
            let Some(relation) = self
                .relations
                .iter()
                .find(|relation| relation.name.eq_ignore_ascii_case(token.text))
            else {
                continue;
            };
            if found.iter().any(|(name, _)| *name == relation.name) || !wants_relation(&all[..place]) {
                continue;
            }
            found.push((relation.name.clone(), relation));
            let mut next = all[place + 1..].iter().skip_while(|token| is_word(token, "as"));
            if let Some(alias) = next
                .next()
                .filter(|token| token.kind == TokenKind::Name && !is_keyword(token.text))
            {
                found.push((alias.text.to_owned(), relation));
            }
        }
        found
    }
}

/// Whether the name of a relation comes after these tokens.
fn wants_relation(earlier: &[Token<'_>]) -> bool {
    let Some(last) = earlier.last() else {
        return false;
    };
    if is_word(last, "from") || is_word(last, "join") {
        return true;
    }
    // `from a, b`: the comma of a list that begins with `from`.
    last.text == ","
        && earlier
            .iter()
            .rev()
            .find(|token| is_keyword(token.text) && !is_word(token, "as"))
            .is_some_and(|token| is_word(token, "from"))
}

fn is_word(token: &Token<'_>, word: &str) -> bool {
    token.kind == TokenKind::Name && token.text.eq_ignore_ascii_case(word)
}

fn is_keyword(text: &str) -> bool {
    KEYWORDS
        .split(' ')
        .any(|keyword| keyword.eq_ignore_ascii_case(text))
}

fn columns(relation: &Relation) -> impl Iterator<Item = &str> {
    relation.columns.iter().map(|column| column.name.as_str())
}

/// Keywords in the case in which the word was begun.
fn keywords(word: &str) -> Vec<String> {
    let lower = word.starts_with(|c: char| c.is_ascii_lowercase());
    matching(word, KEYWORDS.split(' '))
        .into_iter()
        .map(|keyword| {
            if lower {
                keyword.to_ascii_lowercase()
            } else {
                keyword
            }
        })
        .collect()
}

/// Those that begin with `word`, in any case; each once.
fn matching<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for candidate in candidates {
        let begins = candidate
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word));
        if begins && found.len() < MOST && !found.iter().any(|other| other == candidate) {
            found.push(candidate.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use heavy_store::Column;
    use proptest::prelude::*;

    use super::*;

    fn catalogue() -> Catalogue {
        let relation = |name: &str, columns: &[&str]| Relation {
            name: name.to_owned(),
            columns: columns
                .iter()
                .map(|name| Column {
                    name: (*name).to_owned(),
                    kind: String::new(),
                })
                .collect(),
        };
        Catalogue {
            dialect: Dialect::Sqlite,
            relations: vec![
                relation("jobs", &["id", "name", "verdict"]),
                relation("requests", &["job_id", "name", "duration_ms"]),
                relation("request_stats", &["job_id", "name", "p99_ms"]),
            ],
            jobs: vec!["0193aaaa".to_owned()],
        }
    }

    /// What the place marked by `|` may become.
    fn at(text: &str) -> Vec<String> {
        let cursor = text.find('|').unwrap();
        catalogue().complete(&text.replace('|', ""), cursor).1
    }

    #[test]
    fn what_fits_is_offered() {
        for (text, expected) in [
            ("select * from req|", &["requests", "request_stats"][..]),
            ("select * from jobs, req|", &["requests", "request_stats"]),
            ("select * from jobs join j|", &["jobs"]),
            ("select ver| from jobs", &["verdict"]),
            ("select r.d| from requests r", &["duration_ms"]),
            ("select b.p| from requests a join request_stats as b", &["p99_ms"]),
            ("select requests.dur| from requests", &["duration_ms"]),
            ("select * from jobs wh|", &["when", "where"]),
            ("select * from jobs WHER|", &["WHERE"]),
            ("select * from jobs where id = :j|", &[":job"]),
            ("select * from jobs where id = :|", &[":job"]),
            ("select 'fro|", &[]),
            ("select 1 -- fro|", &[]),
            ("select x.|", &[]),
            ("\\jo|", &["jobs", "job"]),
            ("\\d requests|", &["requests"]),
            ("\\job 01|", &["0193aaaa"]),
            ("\\format |", &["table", "csv", "json"]),
            ("select 1;\n\\ti|", &["timing"]),
            (
                "select * from jobs;\nselect * from requ|",
                &["requests", "request_stats"],
            ),
        ] {
            let mut found = at(text);
            let mut expected: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn columns_of_the_statement_come_first() {
        assert_eq!(at("select n| from jobs")[0], "name");
        assert!(at("select | from jobs").len() > 40);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_a_word_is_completed_from_its_beginning(text in "[a-z.,:;'\"\\\\ \nü(]{0,30}") {
            for (cursor, _) in text.char_indices() {
                let (start, found) = catalogue().complete(&text, cursor);
                prop_assert!(start <= cursor && text.is_char_boundary(start));
                for candidate in found {
                    let word = &text[start..cursor];
                    prop_assert!(candidate.to_ascii_lowercase().starts_with(&word.to_ascii_lowercase()));
                }
            }
        }
    }
}
