//! Raw rows as columns: what a batch of rows holds, whichever database it goes to.

use std::ops::Deref;

use crate::text::json;
pub use heavy_proto::v1::{IterationRows, RequestRows};

/// Rows of requests and iterations, as `collector.proto` describes them. All columns of either have the same length, and
/// every index into `dictionary`, whose entry 0 is the empty text, was checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The texts.
    pub dictionary: Vec<String>,
    /// Requests.
    pub requests: RequestRows,
    /// Iterations.
    pub iterations: IterationRows,
}

/// The texts of a dictionary as they are stored.
pub(crate) struct StoredTexts<Text> {
    plain: Vec<Text>,
    /// Only of entries that are tags.
    tags: Vec<Option<String>>,
}

impl<Text: Deref<Target = str>> StoredTexts<Text> {
    /// The texts of `rows`, each cleaned by `clean`.
    pub(crate) fn new<'a>(rows: &'a Rows, clean: impl Fn(&'a str) -> Text) -> Self {
        let plain: Vec<Text> = rows.dictionary.iter().map(|text| clean(text)).collect();
        let mut tags = vec![None; plain.len()];
        for index in &rows.requests.tags {
            let index = *index as usize;
            tags[index].get_or_insert_with(|| json(&plain[index]));
        }
        Self { plain, tags }
    }

    pub(crate) fn plain(&self, index: u32) -> &Text {
        &self.plain[index as usize]
    }

    pub(crate) fn tags(&self, index: u32) -> &str {
        self.tags[index as usize].as_deref().unwrap_or_default()
    }
}
