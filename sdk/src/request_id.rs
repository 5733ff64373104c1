//! The ID of a request, and the headers that tell the target of it.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};

use crate::http::Request;
use crate::sequence::random;

/// The header of the request ID, unless the load test has another.
pub(crate) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// <https://www.w3.org/TR/trace-context/#traceparent-header>
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// IDs of the load test's own that are longer are sent and not stored.
const MAX_BYTES: usize = 128;

/// What a request can be found by in the target's logs.
#[derive(Debug, Clone)]
pub(crate) enum RequestId {
    /// None can be made, because the operating system has no randomness to give.
    None,
    /// 64 random bits in lower-case hex.
    Made([u8; 16]),
    /// The load test's own, in a header.
    Given(HeaderValue),
    /// The load test's own, of an exchange without headers.
    Text(Cow<'static, str>),
}

impl RequestId {
    /// The ID; empty if there is none.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::None => "",
            Self::Made(digits) => std::str::from_utf8(digits).expect("hex digits are ASCII"),
            Self::Given(value) if value.len() > MAX_BYTES => "",
            Self::Given(value) => value.to_str().unwrap_or_default(),
            Self::Text(text) => text,
        }
    }
}

/// Gives a request an ID in this header, unless it has one there, and a `traceparent` if there is a trace to belong to:
/// the sequence ID is the ID of the trace, and the request ID that of the span, so that results and traces meet.
pub(crate) fn identify(request: &mut Request, header: Option<&HeaderName>, trace: Option<&str>) -> RequestId {
    let Some(bits) = random().filter(|bits| *bits != 0) else {
        return RequestId::None;
    };
    let digits = hex(bits);
    let headers = request.header_map_mut();
    if let Some(sequence_id) = trace.and_then(trace_id)
        && !headers.contains_key(TRACEPARENT)
    {
        headers.insert(TRACEPARENT, traceparent(&sequence_id, &digits));
    }
    if let Some(header) = header {
        if let Some(given) = headers.get(header) {
            return RequestId::Given(given.clone());
        }
        headers.insert(header.clone(), ascii(&digits));
    }
    RequestId::Made(digits)
}

/// A version 0 `traceparent` of a trace that is to be recorded.
fn traceparent(trace_id: &[u8; 32], span_id: &[u8; 16]) -> HeaderValue {
    let mut text = *b"00-tttttttttttttttttttttttttttttttt-ssssssssssssssss-01";
    text[3..35].copy_from_slice(trace_id);
    text[36..52].copy_from_slice(span_id);
    ascii(&text)
}

/// The digits of a UUID; none if the text is no UUID in its usual form.
fn trace_id(uuid: &str) -> Option<[u8; 32]> {
    let mut id = [0; 32];
    let mut digits = uuid.bytes().filter(|byte| *byte != b'-');
    for place in &mut id {
        *place = digits.next().filter(u8::is_ascii_hexdigit)?.to_ascii_lowercase();
    }
    (uuid.len() == 36 && digits.next().is_none()).then_some(id)
}

fn hex(bits: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (place, digit) in digits.iter_mut().enumerate() {
        let nibble = (bits >> (60 - 4 * place)) & 0xf;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
    digits
}

fn ascii(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).expect("hex digits and dashes can be the value of a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE_ID: &str = "0af76519-16cd-43dd-8448-eb211c80319c";

    fn request() -> Request {
        Request::get("http://localhost/")
    }

    #[test]
    fn a_request_gets_an_id_and_no_trace_unasked() {
        let mut request = request();
        let id = identify(&mut request, Some(&REQUEST_ID_HEADER), None);
        assert_eq!(id.as_str().len(), 16);
        assert_eq!(request.header_map()["x-request-id"], id.as_str());
        assert!(!request.header_map().contains_key(TRACEPARENT));
        let other = identify(&mut super::tests::request(), Some(&REQUEST_ID_HEADER), None);
        assert_ne!(id.as_str(), other.as_str());
    }

    #[test]
    fn the_trace_is_the_sequence_and_the_span_is_the_request() {
        let mut request = request();
        let id = identify(&mut request, None, Some(SEQUENCE_ID));
        let wanted = format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", id.as_str());
        assert_eq!(request.header_map()[TRACEPARENT], wanted);
        assert_eq!(request.header_map().len(), 1);
    }

    #[test]
    fn what_the_load_test_says_stands() {
        let mut request = request();
        let own = HeaderValue::from_static("order-7");
        request.header_map_mut().insert(REQUEST_ID_HEADER, own.clone());
        request.header_map_mut().insert(TRACEPARENT, own.clone());
        let id = identify(&mut request, Some(&REQUEST_ID_HEADER), Some(SEQUENCE_ID));
        assert_eq!(id.as_str(), "order-7");
        assert_eq!(request.header_map()[TRACEPARENT], own);
        let long = RequestId::Given(HeaderValue::from_str(&"x".repeat(MAX_BYTES + 1)).unwrap());
        assert_eq!(long.as_str(), "");
    }

    #[test]
    fn only_uuids_are_traces() {
        assert!(trace_id(SEQUENCE_ID).is_some());
        for text in [
            "",
            "order 7",
            "0af7651916cd43dd8448eb211c80319c",
            &SEQUENCE_ID.replace('9', "g"),
        ] {
            assert_eq!(trace_id(text), None, "{text}");
        }
    }

    #[test]
    fn digits_are_in_order() {
        assert_eq!(&hex(0x0123_4567_89ab_cdef), b"0123456789abcdef");
    }
}
