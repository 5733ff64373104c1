//! Texts of a batch, each sent once.

use std::collections::HashMap;
use std::sync::Arc;

/// Collects texts and gives each its index; entry 0 is the empty text.
#[derive(Debug)]
pub(super) struct Dictionary {
    texts: Vec<String>,
    places: HashMap<Arc<str>, u32>,
}

impl Dictionary {
    pub(super) fn new() -> Self {
        Self {
            texts: vec![String::new()],
            places: HashMap::from([(Arc::from(""), 0)]),
        }
    }

    pub(super) fn index(&mut self, text: &Arc<str>) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.texts.len()).expect("a batch has fewer than 2^32 texts");
        self.texts.push(text.to_string());
        self.places.insert(Arc::clone(text), place);
        place
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}
