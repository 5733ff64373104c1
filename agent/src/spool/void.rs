//! Voids: they replace discarded batches, so that sequences have no gaps.

use bytes::Bytes;
use heavy_proto::v1;
use prost::Message;

pub(crate) fn encode(reason: &str, requests: u64, iterations: u64) -> Bytes {
    let void = v1::Void {
        reason: reason.to_owned(),
        requests,
        iterations,
    };
    let content = v1::Content {
        content: Some(v1::content::Content::Void(void)),
    };
    Bytes::from(content.encode_to_vec())
}

/// A void that replaces `content`, with the counts of its rows as far as they can be read.
pub(crate) fn instead_of(content: &[u8], reason: &str) -> Bytes {
    let (requests, iterations) = match v1::Content::decode(content).map(|content| content.content) {
        Ok(Some(v1::content::Content::Rows(rows))) => (
            rows.requests.map_or(0, |rows| rows.duration_ns.len() as u64),
            rows.iterations.map_or(0, |rows| rows.duration_ns.len() as u64),
        ),
        Ok(Some(v1::content::Content::Void(void))) => (void.requests, void.iterations),
        _ => (0, 0),
    };
    encode(reason, requests, iterations)
}

/// The reason of voids for batches that cannot be read back.
pub(crate) const DAMAGED: &str = "damaged";

/// Whether a content is a void for a batch that cannot be read back.
pub(crate) fn is_damaged(content: &[u8]) -> bool {
    let content = v1::Content::decode(content)
        .ok()
        .and_then(|content| content.content);
    matches!(content, Some(v1::content::Content::Void(void)) if void.reason == DAMAGED)
}

pub(crate) fn is_void(content: &[u8]) -> bool {
    matches!(
        v1::Content::decode(content),
        Ok(v1::Content {
            content: Some(v1::content::Content::Void(_))
        })
    )
}
