//! What is reported about one request.

use std::borrow::Cow;
use std::ops::Deref;

use heavy_plugin::line::{Line, NotAResult, RequestLine};

/// One request as it is reported: the fields of its output line.
///
/// It dereferences to the line's fields, and its JSON form is the line itself:
///
/// ```
/// use heavy_sdk::Output;
///
/// let line = r#"{"sequenceID":"s","url":"http://h/","method":"GET","status":200,"size":12,
///     "timestamp":"2026-11-21T09:30:00Z","duration":1500000,"error":null}"#;
/// let output = Output::parse(line.as_bytes())?;
/// assert_eq!((output.status, output.size), (200, 12));
/// assert_eq!(Output::parse(output.to_json().as_bytes())?, output);
/// # Ok::<(), heavy_sdk::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Output<'a> {
    line: RequestLine<'a>,
}

/// Why bytes are no [`Output`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not an output line.
    #[error("not an output line ({}); expected one JSON object with sequenceID, url, method, status, ...", .0.as_str())]
    NotALine(NotAResult),
    /// An output line of another type.
    #[error("an output line, but not of a request: its type is not \"request\"")]
    NotARequest,
}

impl<'a> Output<'a> {
    /// Reads one line, with or without its newline.
    ///
    /// # Errors
    /// When it is no line of a request.
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        match Line::decode(line) {
            Ok(Line::Request(line)) => Ok(Self { line }),
            Ok(Line::Iteration(_) | Line::Dropped(_) | Line::Metric(_)) => Err(ParseError::NotARequest),
            Err(reason) => Err(ParseError::NotALine(reason)),
        }
    }

    /// The JSON of the line, without a newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.line.write(&mut out);
        out.pop();
        String::from_utf8(out).expect("a line is made of text")
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Output<'static> {
        fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        let line = self.line;
        Output {
            line: RequestLine {
                sequence_id: owned(line.sequence_id),
                url: owned(line.url),
                method: owned(line.method),
                error: line.error.map(owned),
                error_kind: owned(line.error_kind),
                workflow: owned(line.workflow),
                step: owned(line.step),
                name: owned(line.name),
                user_id: owned(line.user_id),
                request_id: owned(line.request_id),
                proto: owned(line.proto),
                tags: owned(line.tags),
                ..RequestLine {
                    status: line.status,
                    size: line.size,
                    started_ns: line.started_ns,
                    duration_ns: line.duration_ns,
                    failed: line.failed,
                    iteration: line.iteration,
                    reused: line.reused,
                    phases: line.phases,
                    ..RequestLine::default()
                }
            },
        }
    }
}

impl<'a> From<RequestLine<'a>> for Output<'a> {
    fn from(line: RequestLine<'a>) -> Self {
        Self { line }
    }
}

impl<'a> Deref for Output<'a> {
    type Target = RequestLine<'a>;

    fn deref(&self) -> &RequestLine<'a> {
        &self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_are_refused() {
        for (line, error) in [
            (&b"hello"[..], ParseError::NotALine(NotAResult::Text)),
            (
                br#"{"type":"dropped","workflow":"w","reason":"full","count":1,"first":1,"last":1}"#,
                ParseError::NotARequest,
            ),
        ] {
            assert_eq!(Output::parse(line), Err(error));
        }
    }

    #[test]
    fn an_owned_output_is_equal() {
        let line = br#"{"sequenceID":"s","url":"http://h/","method":"GET","status":404,"size":2,"timestamp":"2026-11-21T09:30:00Z","duration":5,"error":{"a":1},"failed":false,"tags":{"k":"v"}}"#;
        let output = Output::parse(line).unwrap();
        assert_eq!(output.clone().into_owned(), output);
        assert!(!output.is_failed());
    }
}
