//! Raw rows as packed columns, encoded while they come.

mod dictionary;
mod iterations;
mod keep;
mod requests;
mod wire;

use heavy_plugin::line::{IterationLine, RequestLine};
use heavy_results::job::Samples;

use crate::rollup::names::Symbol;
use crate::rollup::requests::{RequestClass, Tables};
use dictionary::BatchDictionary;
use iterations::IterationEncoder;
pub(crate) use keep::Keep;
use requests::RequestEncoder;
use wire::Part;

/// Limits at which a batch is closed: rows, bytes, age. They are looked at after each read of output, which brings
/// 256 KiB at most.
const MAX_ROWS: u64 = 10_000;
const MAX_BYTES: usize = 4 << 20;
const MAX_AGE_NS: i64 = 500_000_000;

const MAX_ID_BYTES: usize = 128;

/// A closed batch: an encoded `Content`, and how many rows it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClosedBatch {
    pub(crate) content: Vec<u8>,
    pub(crate) requests: u64,
    pub(crate) iterations: u64,
}

#[derive(Debug)]
pub(crate) struct RowBuffer {
    keep: Keep,
    dictionary: BatchDictionary,
    requests: RequestEncoder,
    iterations: IterationEncoder,
    opened_ns: Option<i64>,
}

impl RowBuffer {
    pub(crate) fn new(keep: Keep) -> Self {
        Self {
            keep,
            dictionary: BatchDictionary::new(),
            requests: RequestEncoder::default(),
            iterations: IterationEncoder::default(),
            opened_ns: None,
        }
    }

    /// Adds a request, if it is to be kept.
    pub(crate) fn request(
        &mut self,
        line: &RequestLine<'_>,
        class: &RequestClass,
        started_ns: i64,
        now_ns: i64,
        tables: &Tables,
    ) {
        if !self.keeps(class.failed, &line.sequence_id) {
            return;
        }
        self.opened_ns.get_or_insert(now_ns);
        self.requests
            .push(line, class, started_ns, &self.keep, tables, &mut self.dictionary);
    }

    /// Adds an iteration, if it is to be kept; `timing` is when it was scheduled, and whether it has a response time.
    pub(crate) fn iteration(
        &mut self,
        line: &IterationLine<'_>,
        workflow: Symbol,
        timing: (i64, bool),
        now_ns: i64,
        tables: &Tables,
    ) {
        if !self.keeps(!line.ok, &line.sequence_id) {
            return;
        }
        self.opened_ns.get_or_insert(now_ns);
        self.iterations
            .push(line, workflow, timing, &self.keep, tables, &mut self.dictionary);
    }

    /// The batch, if it has as many rows or bytes as it may have.
    pub(crate) fn take_full(&mut self) -> Option<ClosedBatch> {
        let rows = self.requests.len() + self.iterations.len();
        let full = rows >= MAX_ROWS || self.bytes() >= MAX_BYTES;
        full.then(|| self.take())
    }

    /// The batch, if it is old enough; anything there is with `all`.
    pub(crate) fn take_due(&mut self, now_ns: i64, all: bool) -> Option<ClosedBatch> {
        let age_ns = now_ns.saturating_sub(self.opened_ns?);
        (all || age_ns >= MAX_AGE_NS).then(|| self.take())
    }

    fn take(&mut self) -> ClosedBatch {
        let batch = ClosedBatch {
            content: self.encode(),
            requests: self.requests.len(),
            iterations: self.iterations.len(),
        };
        self.opened_ns = None;
        self.dictionary.clear();
        self.requests.clear();
        self.iterations.clear();
        batch
    }

    fn bytes(&self) -> usize {
        self.requests.bytes() + self.iterations.bytes() + self.dictionary.texts().len()
    }

    fn keeps(&self, bad: bool, sequence_id: &str) -> bool {
        match self.keep.samples {
            Samples::All => true,
            Samples::None => false,
            Samples::Errors => bad,
            // All rows of a journey have one hash, on whatever agent they were made.
            Samples::Percent(percent) => {
                let hash = f64::from(crc32c::crc32c(sequence_id.as_bytes()));
                hash < percent / 100.0 * (f64::from(u32::MAX) + 1.0)
            }
        }
    }

    /// `Content { rows: Rows { dictionary = 1, requests = 2, iterations = 3 } }`.
    fn encode(&self) -> Vec<u8> {
        let request_parts = self.requests.parts();
        let iteration_parts = self.iterations.parts();
        let texts = self.dictionary.texts().part();
        let (request_len, iteration_len) = (
            wire::message_len(&request_parts),
            wire::message_len(&iteration_parts),
        );
        let rows_len = wire::message_len(&[texts])
            + wire::header_len(2, request_len)
            + request_len
            + wire::header_len(3, iteration_len)
            + iteration_len;
        let mut out = Vec::with_capacity(rows_len + 16);
        wire::header(1, rows_len, &mut out);
        if let Part::Fields(bytes) = texts {
            out.extend_from_slice(bytes);
        }
        wire::message(2, &request_parts, &mut out);
        wire::message(3, &iteration_parts, &mut out);
        out
    }
}

/// An id, cut to what is kept of one.
fn id(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_ID_BYTES)]
}

#[cfg(test)]
mod tests;
