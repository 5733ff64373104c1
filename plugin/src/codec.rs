//! The RPC codec: a big-endian `u32` length, then that many bytes of JSON, in both directions.
//!
//! JSON so that a load test can be written in any language and so that an old binary tolerates new fields.

use std::io;
use std::marker::PhantomData;

use bytes::{Buf, BufMut, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{Decoder, Encoder, Framed};

/// Maximum length of a message. A release of 50 ms at a million iterations per second stays far below it.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

const HEADER_BYTES: usize = 4;

/// Encodes `Outgoing` and decodes `Incoming` messages.
#[derive(Debug)]
pub struct Json<Incoming, Outgoing> {
    types: PhantomData<fn(Outgoing) -> Incoming>,
}

/// A transport for tarpc over any byte stream.
pub type Transport<S, Incoming, Outgoing> = Framed<S, Json<Incoming, Outgoing>>;

/// The load test's end of the RPC socket.
pub type ServerTransport<S> = Transport<
    S,
    tarpc::ClientMessage<crate::rpc::LoadTestRequest>,
    tarpc::Response<crate::rpc::LoadTestResponse>,
>;

/// The agent's end of the RPC socket.
pub type ClientTransport<S> = Transport<
    S,
    tarpc::Response<crate::rpc::LoadTestResponse>,
    tarpc::ClientMessage<crate::rpc::LoadTestRequest>,
>;

/// Creates a transport on a byte stream; the types follow from [`ServerTransport`] and [`ClientTransport`].
pub fn transport<S, Incoming, Outgoing>(stream: S) -> Transport<S, Incoming, Outgoing>
where
    S: AsyncRead + AsyncWrite,
    Incoming: DeserializeOwned,
    Outgoing: Serialize,
{
    Framed::new(stream, Json { types: PhantomData })
}

impl<Incoming: DeserializeOwned, Outgoing> Decoder for Json<Incoming, Outgoing> {
    type Item = Incoming;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Incoming>> {
        let Some(header) = buffer.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header) as usize;
        if length > MAX_MESSAGE_BYTES {
            return Err(too_long(length));
        }
        if buffer.len() < HEADER_BYTES + length {
            buffer.reserve(HEADER_BYTES + length - buffer.len());
            return Ok(None);
        }
        buffer.advance(HEADER_BYTES);
        let message = buffer.split_to(length);
        serde_json::from_slice(&message)
            .map(Some)
            .map_err(io::Error::from)
    }
}

impl<Incoming, Outgoing: Serialize> Encoder<Outgoing> for Json<Incoming, Outgoing> {
    type Error = io::Error;

    fn encode(&mut self, message: Outgoing, buffer: &mut BytesMut) -> io::Result<()> {
        let start = buffer.len();
        buffer.put_u32(0);
        serde_json::to_writer(buffer.writer(), &message)?;
        let length = buffer.len() - start - HEADER_BYTES;
        if length > MAX_MESSAGE_BYTES {
            buffer.truncate(start);
            return Err(too_long(length));
        }
        let header = u32::try_from(length)
            .expect("16 MiB fits in 32 bits")
            .to_be_bytes();
        buffer[start..start + HEADER_BYTES].copy_from_slice(&header);
        Ok(())
    }
}

fn too_long(length: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("an RPC message of {length} bytes exceeds the limit of {MAX_MESSAGE_BYTES}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    type Strings = Json<String, String>;

    fn codec() -> Strings {
        Json { types: PhantomData }
    }

    #[test]
    fn messages_survive_any_fragmentation() {
        let mut wire = BytesMut::new();
        for message in ["", "a", "ü\n\"quoted\""] {
            codec().encode(message.to_owned(), &mut wire).unwrap();
        }
        let mut received = Vec::new();
        let mut buffer = BytesMut::new();
        for byte in wire {
            buffer.put_u8(byte);
            received.extend(codec().decode(&mut buffer).unwrap());
        }
        assert_eq!(received, ["", "a", "ü\n\"quoted\""]);
    }

    #[test]
    fn a_header_over_the_limit_is_refused_before_any_memory_is_taken() {
        let mut buffer = BytesMut::from(&u32::MAX.to_be_bytes()[..]);
        assert_eq!(
            codec().decode(&mut buffer).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }

    #[test]
    fn bytes_that_are_no_json_are_an_error() {
        let mut buffer = BytesMut::from(&b"\0\0\0\x02{]"[..]);
        assert!(codec().decode(&mut buffer).is_err());
    }
}
