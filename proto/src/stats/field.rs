//! Fields of messages. Decoding checks what comes from the wire and never panics.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use heavy_load::histogram::{Histogram, Malformed};
use heavy_load::vocabulary::UnknownWord;
use heavy_load::window::Window;

use super::dictionary::Dictionary;
use crate::window;

/// Why a batch of statistics cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a message of the contract.
    #[error("the content is damaged: {0}")]
    Encoding(#[from] prost::DecodeError),
    /// The agent sent this instead of statistics.
    #[error("the agent discarded the statistics: {0}")]
    Void(String),
    /// Raw rows, or nothing at all.
    #[error("the content has no statistics")]
    NoStatistics,
    /// An index beyond the dictionary.
    #[error("text {0} is missing in the batch's dictionary")]
    Text(u32),
    /// A damaged histogram.
    #[error("a histogram of the batch is damaged")]
    Histogram(#[from] Malformed),
    /// An invalid status code.
    #[error("invalid status code {0}")]
    Status(u32),
    /// An unknown window.
    #[error("unknown window {0}")]
    Window(u32),
    /// An end of an assignment that this version does not know.
    #[error(transparent)]
    Ended(#[from] UnknownWord),
}

/// The texts of a batch that was received.
pub(super) struct ReceivedTexts(Vec<Arc<str>>);

impl ReceivedTexts {
    pub(super) fn new(texts: &[String]) -> Self {
        Self(texts.iter().map(|text| Arc::from(text.as_str())).collect())
    }

    pub(super) fn get(&self, index: u32) -> Result<Arc<str>, Error> {
        if index == 0 {
            return Ok(Arc::from(""));
        }
        self.0.get(index as usize).cloned().ok_or(Error::Text(index))
    }
}

/// A value that messages hold as a `Wire`.
pub(super) trait Field<Wire>: Sized {
    fn encode(&self, texts: &mut Dictionary) -> Wire;
    fn decode(wire: &Wire, texts: &ReceivedTexts) -> Result<Self, Error>;
}

/// Values that messages hold unchanged.
macro_rules! plain {
    ($($type:ty)*) => {$(
        impl Field<$type> for $type {
            fn encode(&self, _: &mut Dictionary) -> $type {
                self.clone()
            }

            fn decode(wire: &$type, _: &ReceivedTexts) -> Result<Self, Error> {
                Ok(wire.clone())
            }
        }
    )*};
}
plain!(bool u32 u64 i64 f64 String);

/// By its place in the dictionary.
impl Field<u32> for Arc<str> {
    fn encode(&self, texts: &mut Dictionary) -> u32 {
        texts.index(self)
    }

    fn decode(wire: &u32, texts: &ReceivedTexts) -> Result<Self, Error> {
        texts.get(*wire)
    }
}

/// As itself: texts that hardly repeat.
impl Field<String> for Arc<str> {
    fn encode(&self, _: &mut Dictionary) -> String {
        self.to_string()
    }

    fn decode(wire: &String, _: &ReceivedTexts) -> Result<Self, Error> {
        Ok(Self::from(wire.as_str()))
    }
}

impl Field<Vec<u8>> for Histogram {
    fn encode(&self, _: &mut Dictionary) -> Vec<u8> {
        Self::encode(self)
    }

    fn decode(wire: &Vec<u8>, _: &ReceivedTexts) -> Result<Self, Error> {
        Ok(Self::decode(wire)?)
    }
}

impl Field<u32> for Window {
    fn encode(&self, _: &mut Dictionary) -> u32 {
        window::number(*self)
    }

    fn decode(wire: &u32, _: &ReceivedTexts) -> Result<Self, Error> {
        window::window(*wire).ok_or(Error::Window(*wire))
    }
}

/// A status.
impl Field<u32> for u16 {
    fn encode(&self, _: &mut Dictionary) -> u32 {
        u32::from(*self)
    }

    fn decode(wire: &u32, _: &ReceivedTexts) -> Result<Self, Error> {
        Self::try_from(*wire).map_err(|_| Error::Status(*wire))
    }
}

/// Sums of phases; those that the wire lacks are 0.
impl Field<Vec<u64>> for [u64; 7] {
    fn encode(&self, _: &mut Dictionary) -> Vec<u64> {
        self.to_vec()
    }

    fn decode(wire: &Vec<u64>, _: &ReceivedTexts) -> Result<Self, Error> {
        Ok(std::array::from_fn(|phase| {
            wire.get(phase).copied().unwrap_or_default()
        }))
    }
}

/// A word; empty if there is none.
impl<Word: Display + FromStr<Err = UnknownWord>> Field<String> for Option<Word> {
    fn encode(&self, _: &mut Dictionary) -> String {
        self.as_ref().map(Word::to_string).unwrap_or_default()
    }

    fn decode(wire: &String, _: &ReceivedTexts) -> Result<Self, Error> {
        Ok((!wire.is_empty()).then(|| wire.parse()).transpose()?)
    }
}

impl<Wire, Row: Field<Wire>> Field<Vec<Wire>> for Vec<Row> {
    fn encode(&self, texts: &mut Dictionary) -> Vec<Wire> {
        self.iter().map(|row| row.encode(texts)).collect()
    }

    fn decode(wire: &Vec<Wire>, texts: &ReceivedTexts) -> Result<Self, Error> {
        wire.iter().map(|row| Row::decode(row, texts)).collect()
    }
}
