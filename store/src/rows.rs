//! Raw rows as columns: what a batch of rows holds, whichever database it goes to.

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
