//! Texts as small numbers: bounded tables, so that no load test can make the agent grow.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::redact;

/// What stands for texts beyond the bound.
pub(crate) const OTHER: &str = "(other)";

/// Longer names are cut.
const MAX_NAME_BYTES: usize = 512;

/// A text's number in its table.
pub(crate) type Symbol = u32;

/// The symbol of the empty text, in every table.
pub(crate) const EMPTY: Symbol = 0;

/// The symbol of all texts beyond the bound, in every table.
pub(crate) const OTHERS: Symbol = 1;

/// A table of texts.
#[derive(Debug)]
pub(crate) struct Names {
    symbols: HashMap<Box<str>, Symbol, RandomState>,
    texts: Vec<Arc<str>>,
    limit: usize,
}

impl Names {
    /// A table that tells at most `limit` texts apart.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            symbols: HashMap::default(),
            texts: vec![Arc::from(""), Arc::from(OTHER)],
            limit,
        }
    }

    /// The symbol of a text: a new one if there is room, else that of the others.
    pub(crate) fn symbol(&mut self, text: &str) -> Symbol {
        if text.is_empty() {
            return EMPTY;
        }
        if let Some(symbol) = self.symbols.get(text) {
            return *symbol;
        }
        self.add(text)
    }

    /// The text of a symbol.
    pub(crate) fn text(&self, symbol: Symbol) -> &Arc<str> {
        self.texts.get(symbol as usize).unwrap_or(&self.texts[1])
    }

    #[cold]
    fn add(&mut self, text: &str) -> Symbol {
        if self.symbols.len() >= self.limit {
            return OTHERS;
        }
        let symbol = Symbol::try_from(self.texts.len()).unwrap_or(OTHERS);
        let clean = redact::text(text, false);
        let clean = &clean[..clean.floor_char_boundary(MAX_NAME_BYTES)];
        self.texts.push(Arc::from(clean));
        self.symbols.insert(text.into(), symbol);
        symbol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_beyond_the_bound_share_a_symbol() {
        let mut names = Names::new(2);
        let symbols = ["a", "b", "c", "a", "d", ""].map(|text| names.symbol(text));
        assert_eq!(symbols, [2, 3, OTHERS, 2, OTHERS, EMPTY]);
        assert_eq!(names.text(3).as_ref(), "b");
        assert_eq!(names.text(OTHERS).as_ref(), OTHER);
    }

    #[test]
    fn a_url_in_a_name_is_redacted() {
        let mut names = Names::new(9);
        let symbol = names.symbol("GET http://u:p@h/?t=s");
        assert_eq!(names.text(symbol).as_ref(), "GET http://h/?t=");
    }
}
