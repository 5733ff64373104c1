//! Protocol families as small numbers.

use std::sync::Arc;

use heavy_load::protocol;

use super::names::{EMPTY, NameTable, Symbol};

/// Limit of distinct protocols in one job.
const MAX_FAMILIES: usize = 16;

/// Longer names of protocols are resolved each time.
const MAX_REMEMBERED_BYTES: usize = 64;

/// The families that the lines of a job name. HTTP is the symbol of the empty text.
#[derive(Debug)]
pub(crate) struct Protocols {
    families: NameTable,
    http: Arc<str>,
    /// Protocols as lines name them, and their families: a load test names few, and nearly always the same.
    named: Vec<(Box<str>, Symbol)>,
}

impl Default for Protocols {
    fn default() -> Self {
        Self {
            families: NameTable::new(MAX_FAMILIES),
            http: Arc::from(protocol::HTTP),
            named: Vec::new(),
        }
    }
}

impl Protocols {
    /// The family of a protocol, as a line names it.
    pub(crate) fn symbol(&mut self, named: &str) -> Symbol {
        match self.named.iter().find(|(known, _)| **known == *named) {
            Some((_, symbol)) => *symbol,
            None => self.resolve(named),
        }
    }

    pub(crate) fn text(&self, symbol: Symbol) -> Arc<str> {
        Arc::clone(match symbol {
            EMPTY => &self.http,
            _ => self.families.text(symbol),
        })
    }

    /// The table of families.
    pub(crate) const fn families(&mut self) -> &mut NameTable {
        &mut self.families
    }

    #[cold]
    fn resolve(&mut self, named: &str) -> Symbol {
        let symbol = match &*protocol::family(named) {
            protocol::HTTP => EMPTY,
            family => self.families.symbol(family),
        };
        if self.named.len() < MAX_FAMILIES && named.len() <= MAX_REMEMBERED_BYTES {
            self.named.push((named.into(), symbol));
        }
        symbol
    }
}
