//! What the collector makes of a batch, for simulations.

use heavy_proto::v1;
use heavy_store::Batch;

/// The batch as the store takes it.
///
/// # Errors
/// When the collector refuses it: why.
pub fn decode(batch: v1::Batch) -> Result<Batch, String> {
    crate::decode::batch(batch).map_err(|error| error.to_string())
}
