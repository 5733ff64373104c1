//! Samples: exchanges of any protocol that the load test carries out itself.

use std::borrow::Cow;
use std::fmt::Display;

use heavy_plugin::line::{Phase, Phases, RequestLine};

use crate::Error;
use crate::http::{Exchange, PhaseClock, RequestError, monotonic_ns};
use crate::measuring::{Measuring, SampleLabels, Subject};
use crate::request_id::RequestId;
use crate::response::Response;
use crate::scope::Scope;

/// An exchange that is being measured: a message and its response, a call, a query, over any protocol.
///
/// [`Context::sample`](crate::Context::sample) starts it, and so does a [`Step`](crate::Step). [`end`](Self::end) and
/// [`fail`](Self::fail) report it as a request of this protocol. If it is dropped before that, it is reported as failed, with
/// the error kind `canceled`, or `timeout` or `interrupted` if the whole iteration was cut off.
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
/// Over HTTP a status of 400 or more fails a sample. heavy counts the statuses of other protocols without judging them:
/// there a sample fails only by [`fail`](Self::fail) or [`failed`](Self::failed).
#[derive(Debug)]
#[must_use = "a sample that is dropped is reported as cut off"]
pub struct Sample<'a>(Measuring<'a, Box<Own>>);

/// What the load test has said about its exchange so far.
#[derive(Debug, Default)]
struct Own {
    line: RequestLine<'static>,
    labels: SampleLabels,
    marks: Option<PhaseClock>,
}

impl Subject for Box<Own> {
    fn line(&self, ended_ns: u64) -> RequestLine<'_> {
        let line = self.line.clone();
        let marked = self.marks.clone().map(|mut marks| {
            marks.advance(Phase::Receive, ended_ns);
            marks.phases()
        });
        RequestLine {
            name: self.labels.name.as_deref().unwrap_or_default().into(),
            phases: line.phases.or(marked),
            ..line
        }
    }

    fn labels(&self) -> &SampleLabels {
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
            labels: SampleLabels {
                name: Some(name),
                ..SampleLabels::default()
            },
            marks: None,
        };
        Self(Measuring::start(scope, sequence_id, Box::new(own)))
    }

    /// Replaces the name, for exchanges whose response decides it.
    pub fn name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.labels.name = Some(name.into()))
    }

    /// Sets the URL.
    pub fn url(self, url: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.url = url.into())
    }

    /// The peer of the connection, such as `127.0.0.1:6379`.
    pub fn remote_addr(self, address: impl Display) -> Self {
        self.set(|own| own.line.remote_addr = address.to_string().into())
    }

    /// Sets the method, in the protocol's own terms: `SEND`, `GET`, `unary`.
    pub fn method(self, method: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.method = method.into())
    }

    /// Sets the sequence ID. The default is the iteration's.
    pub fn sequence_id(mut self, sequence_id: &'a str) -> Self {
        self.0.sequence_id = sequence_id;
        self
    }

    /// Sets the ID that finds the exchange in the target's logs.
    pub fn request_id(self, id: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.request_id = id.into())
    }

    /// Sets the protocol's own status, such as a gRPC code or the code of a WebSocket close. It defaults to 0.
    pub fn status(self, status: u16) -> Self {
        self.set(|own| own.line.status = status)
    }

    /// Adds the text of the status, as the tag `status_text`.
    pub fn status_text(self, text: impl Display) -> Self {
        self.tag("status_text", text)
    }

    /// Allows an HTTP status of 400 or more, like
    /// [`RequestBuilder::expect_status`](crate::RequestBuilder::expect_status). Only [`answer`](Self::answer) uses it.
    pub fn expect_status(self, status: u16) -> Self {
        self.set(|own| own.labels.expected.push(status))
    }

    /// Sets the number of bytes received.
    pub fn size(self, bytes: u64) -> Self {
        self.set(|own| own.line.size = bytes)
    }

    /// Adds the number of bytes sent, as the tag `sent_bytes`.
    pub fn sent(self, bytes: u64) -> Self {
        self.tag("sent_bytes", bytes)
    }

    /// Adds a tag to the stored exchange.
    pub fn tag(self, key: &str, value: impl Display) -> Self {
        self.set(|own| own.labels.tags.add(key, value))
    }

    /// Sets whether the connection had served an exchange before.
    pub fn reused(self, reused: bool) -> Self {
        self.set(|own| own.line.reused = Some(reused))
    }

    /// Assigns the time since the previous mark, or since the start, to a phase. The time after the last mark is
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

    /// Sets all phases, if you measured them elsewhere. They should add up to the duration.
    pub fn phases(self, phases: Phases) -> Self {
        self.set(|own| own.line.phases = Some(phases))
    }

    /// Sets whether the exchange failed. This overrides its status and error.
    pub fn failed(self, failed: bool) -> Self {
        self.set(|own| own.line.failed = Some(failed))
    }

    /// Sets the kind of failure, which failed exchanges are grouped by: one of a few short words. A kind alone fails nothing.
    pub fn error_kind(self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.set(|own| own.line.error_kind = kind.into())
    }

    /// Ends the exchange and reports it.
    pub fn end(self) {
        self.0.end(monotonic_ns());
    }

    /// Ends the exchange and reports it as failed, with a kind that errors are grouped by. Returns the error, so that
    /// `return Err(sample.fail("refused", error))` fails the iteration as well.
    pub fn fail(self, kind: impl Into<Cow<'static, str>>, error: impl Into<Error>) -> Error {
        let error = error.into();
        let text = format!("{error:#}");
        let sample = self.error_kind(kind).failed(true);
        sample.set(|own| own.line.error = Some(text.into())).end();
        error
    }

    /// Ends the exchange with the measurements of an HTTP client, such as `ReqwestClient::measure` (feature `reqwest`): its
    /// start, phases, status, size, protocol and error are reported. [`failed`](Self::failed) still overrides status and
    /// error, and [`error_kind`](Self::error_kind) replaces the kind of an error status.
    ///
    /// # Errors
    /// Returns the error of the exchange, if it has one.
    pub fn answer(self, exchange: Exchange) -> Result<Response, RequestError> {
        self.0.answer(exchange)
    }

    fn set(mut self, change: impl FnOnce(&mut Own)) -> Self {
        change(&mut self.0.subject);
        self
    }
}
