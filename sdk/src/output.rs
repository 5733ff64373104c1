//! The reported result of one request.

use std::borrow::Cow;
use std::ops::Deref;
use std::time::Duration;

use heavy_plugin::line::{Line, NotAResult, RequestLine, STATUS_KIND, status_fails};
use heavy_plugin::name::default_name;

use crate::http::{Exchange, Request, duration_ns, wall_ns};

/// The reported result of one request: the fields of its output line.
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

/// Why bytes cannot be read as an [`Output`].
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
    /// If it is not the line of a request.
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        match Line::decode(line) {
            Ok(Line::Request(line)) => Ok(Self { line }),
            Ok(Line::Iteration(_) | Line::Dropped(_) | Line::Metric(_) | Line::Log(_)) => {
                Err(ParseError::NotARequest)
            }
            Err(reason) => Err(ParseError::NotALine(reason)),
        }
    }

    /// The output of an exchange that you made and timed yourself, from its sequence ID, its duration up to now, the request
    /// and the response. [`Context::report`](crate::Context::report) reports it.
    ///
    /// ```
    /// use std::time::Instant;
    /// use heavy_sdk::Output;
    /// use heavy_sdk::http::{Exchange, Request};
    /// # use heavy_sdk::prelude::*;
    /// # async fn my_client(_: &Request) -> (u16, Vec<u8>) { (200, Vec::new()) }
    ///
    /// # async fn run(ctx: &Context) -> Result<()> {
    /// let request = Request::post("http://127.0.0.1:8080/cart").body("boots");
    /// let started = Instant::now();
    /// let (status, body) = my_client(&request).await;
    /// let response = Exchange::answered(status, body);
    /// ctx.report(Output::new(ctx.sequence_id(), started.elapsed(), &request, &response));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(
        sequence_id: &'a str,
        duration: Duration,
        request: &'a Request,
        response: &'a Exchange,
    ) -> Self {
        let duration_ns = duration_ns(duration);
        let error = response.error.as_ref();
        let kind = match error {
            Some(error) => error.kind.as_str(),
            None if status_fails(response.status) => STATUS_KIND,
            None => "",
        };
        Self::from(RequestLine {
            sequence_id: sequence_id.into(),
            url: request.target().url().into(),
            method: request.method().as_str().into(),
            status: response.status,
            size: response.size,
            started_ns: wall_ns().saturating_sub(duration_ns),
            duration_ns,
            error: error.map(|error| Cow::Borrowed(&*error.message)),
            error_kind: kind.into(),
            name: default_name(request.method().as_str(), request.target().url()).into(),
            proto: response.protocol().into(),
            ..RequestLine::default()
        })
    }

    /// The JSON of the line, without a newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.line.write(&mut out);
        out.pop();
        String::from_utf8(out).expect("a line is made of text")
    }

    pub(crate) fn into_line(self) -> RequestLine<'a> {
        self.line
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Output<'static> {
        self.line.into_owned().into()
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
