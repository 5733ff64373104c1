//! From the wire to the store: checks everything that a batch claims. Pure.

use heavy_proto::v1::{self, content::Content as Wire};
use heavy_proto::window;
use heavy_store::{Batch, Content, Producer, Rows, Stream, Voided};
use prost::Message;
use prost::bytes::Bytes;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidBatch {
    #[error("incomplete producer: {0}")]
    Producer(&'static str),
    #[error("damaged: checksum {found:08x}, expected {said:08x}")]
    Checksum { said: u32, found: u32 },
    #[error("invalid content: {0}")]
    Encoding(String),
    /// Rows in a stream of statistics, or the reverse.
    #[error("unexpected {0} in this stream")]
    Stream(&'static str),
    #[error("column {column} has {found} values, expected {expected}")]
    Length {
        column: &'static str,
        found: usize,
        expected: usize,
    },
    #[error("column {column} refers to text {index}, the dictionary has {length}")]
    Index {
        column: &'static str,
        index: u32,
        length: usize,
    },
    #[error("the dictionary does not start with the empty text")]
    Dictionary,
}

pub(crate) fn batch(batch: v1::Batch) -> Result<Batch, InvalidBatch> {
    let producer = producer(batch.producer)?;
    let found = crc32c::crc32c(&batch.content);
    if found != batch.crc32c {
        return Err(InvalidBatch::Checksum {
            said: batch.crc32c,
            found,
        });
    }
    let content = content(producer.stream, batch.content)?;
    Ok(Batch {
        producer,
        sequence: batch.sequence,
        crc32c: batch.crc32c,
        content,
    })
}

/// The rows that a void replaces; those of a damaged batch are not known.
fn voided(void: &v1::Void) -> Voided {
    Voided {
        requests: void.requests,
        iterations: void.iterations,
        damaged_batches: u64::from(void.requests == 0 && void.iterations == 0),
    }
}

fn producer(producer: Option<v1::Producer>) -> Result<Producer, InvalidBatch> {
    let producer = producer.ok_or(InvalidBatch::Producer("missing"))?;
    let stream = match producer.stream() {
        v1::Stream::Stats => Stream::Stats,
        v1::Stream::Rows => Stream::Rows,
        v1::Stream::Unspecified => return Err(InvalidBatch::Producer("no stream")),
    };
    if producer.agent.is_empty() {
        return Err(InvalidBatch::Producer("no agent"));
    }
    Ok(Producer {
        job: Uuid::parse_str(&producer.job)
            .map_err(|_| InvalidBatch::Producer("the job id is not a UUID"))?,
        agent: producer.agent,
        epoch: producer.epoch,
        stream,
    })
}

fn content(stream: Stream, bytes: Bytes) -> Result<Content, InvalidBatch> {
    let decoded =
        v1::Content::decode(bytes.clone()).map_err(|error| InvalidBatch::Encoding(error.to_string()))?;
    let wire = decoded
        .content
        .ok_or_else(|| InvalidBatch::Encoding("it is empty".to_owned()))?;
    match (stream, wire) {
        (Stream::Rows, Wire::Rows(sent)) => Ok(Content::Rows(Box::new(rows(sent)?))),
        (Stream::Rows, Wire::Void(void)) => Ok(Content::Void(voided(&void))),
        (Stream::Stats, Wire::Stats(_)) => Ok(Content::Encoded {
            bytes: bytes.into(),
            closing: false,
        }),
        (Stream::Stats, Wire::Void(_)) => Ok(Content::EncodedVoid(bytes.into())),
        (Stream::Stats, Wire::Closing(_)) => Ok(Content::Encoded {
            bytes: bytes.into(),
            closing: true,
        }),
        (Stream::Stats, Wire::Rows(_)) => Err(InvalidBatch::Stream("rows")),
        (Stream::Rows, Wire::Stats(_) | Wire::Closing(_)) => Err(InvalidBatch::Stream("stats")),
    }
}

/// Checks the length of each column and the indices of texts.
macro_rules! check {
    ($rows:expr, $texts:expr; texts: $($text:ident)*; values: $($value:ident)*) => {{
        let expected = $rows.workflow.len();
        $(
            same_length(stringify!($text), $rows.$text.len(), expected)?;
            all_there(stringify!($text), &$rows.$text, $texts)?;
        )*
        $(same_length(stringify!($value), $rows.$value.len(), expected)?;)*
    }};
}

fn rows(sent: v1::Rows) -> Result<Rows, InvalidBatch> {
    let texts = sent.dictionary.len();
    if sent.dictionary.first().is_some_and(|first| !first.is_empty()) {
        return Err(InvalidBatch::Dictionary);
    }
    let mut requests = sent.requests.unwrap_or_default();
    renumber(&mut requests.old_window, &mut requests.window);
    if requests.remote_addr.is_empty() {
        requests.remote_addr.resize(requests.workflow.len(), 0);
    }
    check!(
        requests, texts;
        texts: workflow step name method url error error_kind user_id proto tags remote_addr;
        values: status failed size started_ns duration_ns blocked_ns dns_ns connect_ns tls_ns send_ns wait_ns
            receive_ns reused window sequence_id request_id iteration
    );
    let mut iterations = sent.iterations.unwrap_or_default();
    renumber(&mut iterations.old_window, &mut iterations.window);
    if iterations.think_ns.is_empty() {
        iterations.think_ns.resize(iterations.workflow.len(), 0);
    }
    check!(
        iterations, texts;
        texts: workflow user_id error;
        values: iteration sequence_id scheduled_ns lag_ns slot_wait_ns duration_ns think_ns ok interrupted window
            has_response
    );
    Ok(Rows {
        dictionary: sent.dictionary,
        requests,
        iterations,
    })
}

/// Renumbers the windows in rows of agents before the field `window`.
fn renumber(old: &mut Vec<u32>, new: &mut Vec<u32>) {
    new.extend(old.drain(..).map(window::from_old));
}

const fn same_length(column: &'static str, found: usize, expected: usize) -> Result<(), InvalidBatch> {
    if found == expected {
        return Ok(());
    }
    Err(InvalidBatch::Length {
        column,
        found,
        expected,
    })
}

fn all_there(column: &'static str, indices: &[u32], length: usize) -> Result<(), InvalidBatch> {
    match indices.iter().find(|index| **index as usize >= length) {
        None => Ok(()),
        Some(index) => Err(InvalidBatch::Index {
            column,
            index: *index,
            length,
        }),
    }
}

#[cfg(test)]
mod tests;
