//! Statistics as bytes of the contract, and back; nothing else knows both forms.

mod dictionary;
mod field;
mod rows;

use heavy_results::stats::{Closing, Delta};
use prost::Message;

use crate::v1::{self, content::Content};

use dictionary::Dictionary;
pub use field::Error;
use field::{Field, ReceivedTexts};

/// What one batch of a stats stream holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistics {
    /// Roll-ups.
    Delta(Box<Delta>),
    /// The last batch of its producer.
    Closing(Box<Closing>),
}

/// A delta as the content of a batch.
#[must_use]
pub fn encode_delta(delta: &Delta) -> Vec<u8> {
    encode(Content::Stats(wire(delta)))
}

/// A closing as the content of a batch.
#[must_use]
pub fn encode_closing(closing: &Closing) -> Vec<u8> {
    encode(Content::Closing(closing.encode(&mut Dictionary::new())))
}

fn wire(delta: &Delta) -> v1::Stats {
    let mut texts = Dictionary::new();
    let mut wire: v1::Stats = delta.encode(&mut texts);
    wire.dictionary = texts.into_texts();
    wire
}

fn delta(wire: &v1::Stats) -> Result<Delta, Error> {
    Delta::decode(wire, &ReceivedTexts::new(&wire.dictionary))
}

fn encode(content: Content) -> Vec<u8> {
    let content = v1::Content {
        content: Some(content),
    };
    content.encode_to_vec()
}

/// Reads the content of a batch of a stats stream. Whatever the bytes are, this does not panic.
///
/// # Errors
/// When the bytes are damaged or hold something else, and when the agent could not keep the statistics and has sent the
/// reason in their place.
pub fn decode(content: &[u8]) -> Result<Statistics, Error> {
    match v1::Content::decode(content)?.content {
        Some(Content::Stats(wire)) => Ok(Statistics::Delta(Box::new(delta(&wire)?))),
        Some(Content::Closing(wire)) => {
            let closing = Closing::decode(&wire, &ReceivedTexts::new(&[]))?;
            Ok(Statistics::Closing(Box::new(closing)))
        }
        Some(Content::Void(void)) => Err(Error::Void(void.reason)),
        Some(Content::Rows(_)) | None => Err(Error::NoStatistics),
    }
}

#[cfg(test)]
mod tests;
