//! Statistics as bytes of the contract, and back; nothing else knows both forms.

mod decode;
mod dictionary;
mod encode;

use heavy_results::stats::{Closing, Delta};
use prost::Message;

use crate::v1::{self, content::Content};

pub use decode::Error;

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
    encode(Content::Stats(encode::delta(delta)))
}

/// A closing as the content of a batch.
#[must_use]
pub fn encode_closing(closing: &Closing) -> Vec<u8> {
    encode(Content::Closing(encode::closing(closing)))
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
        Some(Content::Stats(wire)) => decode::delta(&wire).map(|delta| Statistics::Delta(Box::new(delta))),
        Some(Content::Closing(wire)) => {
            decode::closing(&wire).map(|closing| Statistics::Closing(Box::new(closing)))
        }
        Some(Content::Void(void)) => Err(Error::Void(void.reason)),
        Some(Content::Rows(_)) | None => Err(Error::NoStatistics),
    }
}

#[cfg(test)]
mod tests;
