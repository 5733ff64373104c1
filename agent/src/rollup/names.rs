//! Texts as small numbers: bounded tables, so that no load test can make the agent grow.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::redact;
use super::saved::SavedNames;

/// The text for all texts beyond the bound.
pub(crate) const OTHER: &str = "(other)";

/// Longer names are cut.
const MAX_NAME_BYTES: usize = 512;

/// A text's number in its table.
pub(crate) type Symbol = u32;

/// The symbol of the empty text, in every table.
pub(crate) const EMPTY: Symbol = 0;

/// The symbol of all texts beyond the bound, in every table.
pub(crate) const OTHERS: Symbol = 1;

#[derive(Debug)]
pub(crate) struct NameTable {
    symbols: HashMap<Box<str>, Symbol, RandomState>,
    texts: Vec<Arc<str>>,
    limit: usize,
}

impl NameTable {
    /// A table that tells at most `limit` texts apart.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            symbols: HashMap::default(),
            texts: vec![Arc::from(""), Arc::from(OTHER)],
            limit,
        }
    }

    /// The symbol of a string: a new one within the limit, else that of `(other)`.
    pub(crate) fn symbol(&mut self, text: &str) -> Symbol {
        if text.is_empty() {
            return EMPTY;
        }
        if let Some(symbol) = self.symbols.get(cut(text)) {
            return *symbol;
        }
        self.add(text)
    }

    pub(crate) fn text(&self, symbol: Symbol) -> &Arc<str> {
        self.texts.get(symbol as usize).unwrap_or(&self.texts[1])
    }

    pub(crate) fn save(&self) -> SavedNames {
        SavedNames {
            texts: self.texts[2..].iter().map(|text| text.to_string()).collect(),
        }
    }

    /// Gives saved texts the symbols that they had.
    pub(crate) fn restore(&mut self, saved: SavedNames) {
        for text in saved.texts {
            let symbol = Symbol::try_from(self.texts.len()).unwrap_or(OTHERS);
            self.texts.push(Arc::from(text.as_str()));
            self.symbols.insert(text.into(), symbol);
        }
    }

    #[cold]
    fn add(&mut self, text: &str) -> Symbol {
        if self.symbols.len() >= self.limit {
            return OTHERS;
        }
        let symbol = Symbol::try_from(self.texts.len()).unwrap_or(OTHERS);
        let clean = redact::text(text, false);
        self.texts.push(Arc::from(cut(&clean)));
        // Texts that differ only beyond the bound are one, so that the table is bounded in bytes too.
        self.symbols.insert(cut(text).into(), symbol);
        symbol
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_NAME_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_beyond_the_bound_share_a_symbol() {
        let mut names = NameTable::new(2);
        let symbols = ["a", "b", "c", "a", "d", ""].map(|text| names.symbol(text));
        assert_eq!(symbols, [2, 3, OTHERS, 2, OTHERS, EMPTY]);
        assert_eq!(names.text(3).as_ref(), "b");
        assert_eq!(names.text(OTHERS).as_ref(), OTHER);
    }

    #[test]
    fn texts_that_differ_beyond_the_bound_are_one() {
        let mut names = NameTable::new(9);
        let long = "n".repeat(MAX_NAME_BYTES);
        let first = names.symbol(&format!("{long}1"));
        assert_eq!(names.symbol(&format!("{long}{}", "2".repeat(1 << 20))), first);
        assert_eq!(names.text(first).as_ref(), long);
        assert!(names.symbols.keys().all(|key| key.len() <= MAX_NAME_BYTES));
    }

    #[test]
    fn a_url_in_a_name_is_redacted() {
        let mut names = NameTable::new(9);
        let symbol = names.symbol("GET http://u:p@h/?t=s");
        assert_eq!(names.text(symbol).as_ref(), "GET http://h/?t=");
    }
}
