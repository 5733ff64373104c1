//! Samples: exchanges of any protocol that a load test carries out itself.

use std::borrow::Cow;
use std::fmt::Display;

use heavy_plugin::line::{Phase, Phases, RequestLine};

use crate::Error;
use crate::http::{Exchange, PhaseClock, RequestError, monotonic_ns};
use crate::measuring::{Labels, Measuring, Subject};
use crate::request_id::RequestId;
use crate::response::Response;
use crate::scope::Scope;

/// An exchange that is being measured: one message and its answer, one call, one query, over any protocol.
///
/// It starts when it is made, by [`Context::sample`](crate::Context::sample) or on a [`Step`](crate::Step). [`end`](Self::end)
/// and [`fail`](Self::fail) report it, as a request with this protocol; dropped before, it is reported as cut off, and
/// failed: with the error kind `canceled`, or `timeout` or `interrupted` when the whole iteration was cut off.
///
/// ```
/// # use heavy_sdk::prelude::*;
/// # async fn ask(_: &str) -> Result<String> { Ok(String::new()) }
/// # async fn run(ctx: &Context) -> Result<()> {
/// let sample = ctx.sample("redis", "GET cart").url("redis://127.0.0.1:6379/0");
/// let cart = match ask("GET cart:17").await {
///     Ok(cart) => cart,
///     Err(error) => return Err(sample.fail("connection", error)),
/// };
/// sample.size(cart.len() as u64).end();
/// # Ok(())
/// # }
/// ```
///
/// Over HTTP a status of 400 or more makes a sample a failed one. The statuses of other protocols are counted, and
/// judged by nobody: there, a sample fails by [`fail`](Self::fail) or [`failed`](Self::failed) alone.
#[derive(Debug)]
#[must_use = "a sample that is dropped is reported as cut off"]
pub struct Sample<'a>(Measuring<'a, Box<Own>>);

/// What the load test has said about its exchange so far.
#[derive(Debug, Default)]
struct Own {
    line: RequestLine<'static>,
    labels: Labels,
    marks: Option<PhaseClock>,
}

impl Subject for Box<Own> {
    fn line(&self) -> RequestLine<'_> {
        let line = self.line.clone();
        RequestLine {
            name: self.labels.name.as_deref().unwrap_or_default().into(),
            phases: line.phases.or(self.marks.as_ref().map(PhaseClock::phases)),
            ..line
        }
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn request_id(&self) -> RequestId {
        RequestId::Text(self.line.request_id.clone())
    }
}

impl<'a> Sample<'a> {
    pub(crate) fn start(scope: Scope<'a>, protocol: Cow<'static, str>, name: Cow<'static, str>) -> Self {
        scope.inner.touch();
        let sequence_id = scope.inner.sequence_id.as_str();
        let own = Own {
            line: RequestLine {
                proto: protocol,
                ..RequestLine::default()
            },
            labels: Labels {
                name: Some(name),
                ..Labels::default()
            },
            marks: None,
        };
        Self(Measuring::start(scope, sequence_id, Box::new(own)))
    }

    /// Replaces the name: the identity in every statistic, such as the answer decides it.
    pub fn name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.labels.name = Some(name.into()))
    }

    /// Where the exchange went.
    pub fn url(self, url: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.url = url.into())
    }

    /// What kind of exchange it is, in the protocol's own words: `SEND`, `GET`, `Unary`.
    pub fn method(self, method: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.method = method.into())
    }

    /// The sequence ID, in place of the iteration's.
    pub fn sequence_id(mut self, sequence_id: &'a str) -> Self {
        self.0.sequence_id = sequence_id;
        self
    }

    /// What the target's logs know the exchange by.
    pub fn request_id(self, id: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.request_id = id.into())
    }

    /// The protocol's own status, which is counted with the name: a gRPC code, the code of a close frame.
    pub fn status(self, status: u16) -> Self {
        self.set(|own| own.line.status = status)
    }

    /// The status in words; stored as the tag `status_text`.
    pub fn status_text(self, text: impl Display) -> Self {
        self.tag("status_text", text)
    }

    /// Says that this HTTP status is all right, as [`RequestBuilder::expect_status`](crate::RequestBuilder::expect_status) does; it
    /// matters to [`answer`](Self::answer) alone.
    pub fn expect_status(self, status: u16) -> Self {
        self.set(|own| own.labels.expected.push(status))
    }

    /// Bytes received.
    pub fn size(self, bytes: u64) -> Self {
        self.set(|own| own.line.size = bytes)
    }

    /// Bytes sent; stored as the tag `sent_bytes`.
    pub fn sent(self, bytes: u64) -> Self {
        self.tag("sent_bytes", bytes)
    }

    /// Adds a tag to what is stored about this exchange.
    pub fn tag(self, key: &str, value: impl Display) -> Self {
        self.set(|own| own.labels.tags.add(key, value))
    }

    /// Whether the connection had served an exchange before.
    pub fn reused(self, reused: bool) -> Self {
        self.set(|own| own.line.reused = Some(reused))
    }

    /// Counts the time since the last mark, or since the start, to a phase. What is left at the end counts to
    /// [`Phase::Receive`].
    ///
    /// ```
    /// # use heavy_sdk::{Phase, prelude::*};
    /// # async fn connect() -> Result<()> { Ok(()) }
    /// # async fn run(ctx: &Context) -> Result<()> {
    /// let mut sample = ctx.sample("smtp", "greeting");
    /// connect().await?;
    /// sample.mark(Phase::Connect);
    /// # sample.end();
    /// # Ok(())
    /// # }
    /// ```
    pub fn mark(&mut self, phase: Phase) {
        let started_ns = self.0.started_ns;
        let marks = &mut self.0.subject.marks;
        marks
            .get_or_insert_with(|| PhaseClock::new(started_ns))
            .advance(phase, monotonic_ns());
    }

    /// Where the time went, measured elsewhere. The phases should add up to the duration.
    pub fn phases(self, phases: Phases) -> Self {
        self.set(|own| own.line.phases = Some(phases))
    }

    /// Whether the exchange failed, whatever its status and error say.
    pub fn failed(self, failed: bool) -> Self {
        self.set(|own| own.line.failed = Some(failed))
    }

    /// The kind of its failure, by which failed exchanges are counted: short, and one of few. A kind alone fails nothing.
    pub fn error_kind(self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.error_kind = kind.into())
    }

    /// Ends the exchange and reports it.
    pub fn end(mut self) {
        let now_ns = monotonic_ns();
        if let Some(marks) = &mut self.0.subject.marks {
            marks.advance(Phase::Receive, now_ns);
        }
        self.0.end(now_ns);
    }

    /// Ends the exchange and reports it as failed, with the kind of error it is counted by and the error itself, which is
    /// given back: `return Err(sample.fail("refused", error))` fails the iteration as well.
    pub fn fail(self, kind: impl Into<Cow<'static, str>>, error: impl Into<Error>) -> Error {
        let error = error.into();
        let text = format!("{error:#}");
        let sample = self.error_kind(kind).failed(true);
        sample.set(|own| own.line.error = Some(text.into())).end();
        error
    }

    /// Ends the exchange with what an HTTP client has measured, such as
    /// [`ReqwestClient::measure`](crate::http::ReqwestClient::measure): its instants, phases, status, size, protocol and error
    /// are reported.
    ///
    /// # Errors
    /// The error of the exchange, if it has one.
    pub fn answer(self, exchange: Exchange) -> Result<Response, RequestError> {
        self.0.answer(exchange)
    }

    fn set(mut self, change: impl FnOnce(&mut Own)) -> Self {
        change(&mut self.0.subject);
        self
    }
}
