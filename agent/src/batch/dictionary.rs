//! The texts of one batch, each once.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::wire::TextColumn;
use crate::rollup::names::{EMPTY, Symbol};

const FIELD: u32 = 1;

/// Tables of symbols that have texts in the dictionary.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SymbolTable {
    Workflow,
    Step,
    Method,
    Name,
    Kind,
}

/// A dictionary that is filled as rows come. Entry 0 is the empty text.
#[derive(Debug)]
pub(crate) struct BatchDictionary {
    texts: TextColumn,
    count: u32,
    places: HashMap<Box<str>, u32, RandomState>,
    /// For each table, the place of each symbol; 0 where it is not there yet.
    symbols: [Vec<u32>; 5],
}

impl BatchDictionary {
    pub(crate) fn new() -> Self {
        let mut dictionary = Self {
            texts: TextColumn::default(),
            count: 0,
            places: HashMap::default(),
            symbols: std::array::from_fn(|_| Vec::new()),
        };
        dictionary.clear();
        dictionary
    }

    pub(crate) fn clear(&mut self) {
        self.texts.clear();
        self.texts.push(FIELD, "");
        self.count = 1;
        self.places.clear();
        for symbols in &mut self.symbols {
            symbols.fill(0);
        }
    }

    pub(crate) fn text(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.count;
        self.texts.push(FIELD, text);
        self.count += 1;
        self.places.insert(text.into(), place);
        place
    }

    /// The place of a symbol's text.
    pub(crate) fn symbol(&mut self, table: SymbolTable, symbol: Symbol, text: &str) -> u32 {
        if symbol == EMPTY {
            return 0;
        }
        let slot = symbol as usize;
        if let Some(place) = self.symbols[table as usize].get(slot).filter(|place| **place > 0) {
            return *place;
        }
        let place = self.text(text);
        let symbols = &mut self.symbols[table as usize];
        if symbols.len() <= slot {
            symbols.resize(slot + 1, 0);
        }
        symbols[slot] = place;
        place
    }

    pub(crate) fn texts(&self) -> &TextColumn {
        &self.texts
    }
}
