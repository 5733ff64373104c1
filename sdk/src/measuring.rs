//! An exchange from its start to its line, whatever the protocol.

use std::borrow::Cow;

use bytes::Bytes;
use heavy_plugin::line::{RequestLine, STATUS_KIND, status_fails};

use crate::http::{Exchange, Request, RequestError, monotonic_ns};
use crate::observer::Observed;
use crate::request_id::RequestId;
use crate::response::Response;
use crate::scope::Scope;
use crate::tags::Tags;

/// What is measured: all that the load test knows of it.
pub(crate) trait Subject {
    /// Its part of the line, if the exchange ends at `ended_ns` of the monotonic clock.
    fn line(&self, ended_ns: u64) -> RequestLine<'_>;
    fn labels(&self) -> &SampleLabels;
    fn request_id(&self) -> RequestId;
}

/// What a load test says about a request beyond the exchange itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct SampleLabels {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) tags: Tags,
    /// The HTTP statuses of 400 and more that do not count as failures.
    pub(crate) expected: Vec<u16>,
}

/// An exchange that is not reported yet. If it is dropped, it was cut off, and is reported as such: otherwise the slowest
/// ones would be missing from the results.
#[derive(Debug)]
pub(crate) struct Measuring<'a, S: Subject> {
    scope: Scope<'a>,
    pub(crate) sequence_id: &'a str,
    pub(crate) started_ns: u64,
    pub(crate) subject: S,
    reported: bool,
    /// Whether the body was kept for the observer alone.
    pub(crate) drops_body: bool,
    /// The request's number for the observer.
    pub(crate) number: Option<u32>,
}

impl<'a, S: Subject> Measuring<'a, S> {
    pub(crate) fn start(scope: Scope<'a>, sequence_id: &'a str, subject: S) -> Self {
        Self {
            scope,
            sequence_id,
            started_ns: monotonic_ns(),
            subject,
            reported: false,
            drops_body: false,
            number: None,
        }
    }

    /// Shows the observer the request that is about to be sent.
    #[cold]
    pub(crate) fn observe(&mut self, request: &Request, number: u32) {
        self.number = Some(number);
        self.drops_body = !request.keeps_body();
        self.scope.observe(|| Observed::RequestBegan { number, request });
    }

    pub(crate) const fn scope(&self) -> &Scope<'a> {
        &self.scope
    }

    /// Reports the exchange, which has ended at `now_ns` of the monotonic clock.
    pub(crate) fn end(mut self, now_ns: u64) {
        self.reported = true;
        self.scope.report(self.line(self.started_ns, now_ns), None, None);
    }

    /// Reports the exchange as its client has measured it. What the load test has set of failure and kind counts.
    pub(crate) fn answer(mut self, mut exchange: Exchange) -> Result<Response, RequestError> {
        self.reported = true;
        let line = self.line(exchange.started_ns, exchange.ended_ns);
        let error = exchange.error.as_ref();
        let fails = status_fails(exchange.status);
        let expected = fails && self.subject.labels().expected.contains(&exchange.status);
        let failed = line.failed.or((expected && error.is_none()).then_some(false));
        let line = RequestLine {
            status: exchange.status,
            size: exchange.size,
            error: error.map(|error| Cow::Borrowed(&*error.message)),
            error_kind: match error {
                Some(error) => error.kind.as_str().into(),
                None if fails && failed.is_none() && line.error_kind.is_empty() => STATUS_KIND.into(),
                None => line.error_kind,
            },
            failed,
            proto: exchange.protocol().into(),
            remote_addr: match exchange.remote_addr.as_deref() {
                Some(address) => address.into(),
                None => line.remote_addr,
            },
            reused: Some(exchange.reused),
            phases: Some(exchange.phases),
            ..line
        };
        self.scope.report(line, self.number, Some(&exchange));
        if self.drops_body {
            exchange.body = Bytes::new();
        }
        match exchange.error {
            None => Ok(Response::new(exchange, self.subject.request_id())),
            Some(error) => Err(error),
        }
    }

    #[inline]
    fn line(&self, started_ns: u64, ended_ns: u64) -> RequestLine<'_> {
        let labels = self.subject.labels();
        RequestLine {
            sequence_id: self.sequence_id.into(),
            started_ns: self.scope.inner.resources.job.wall_ns(started_ns),
            duration_ns: ended_ns.saturating_sub(started_ns),
            tags: labels.tags.to_json().into(),
            ..self.subject.line(ended_ns)
        }
    }
}

impl<S: Subject> Drop for Measuring<'_, S> {
    fn drop(&mut self) {
        if self.reported {
            return;
        }
        let (kind, error) = match self.scope.inner.cut_off() {
            Some("timeout") => ("timeout", "cut off by the timeout of the iteration"),
            Some(kind) => (kind, "cut off by the end of grace"),
            None => ("canceled", "given up by the load test"),
        };
        let line = RequestLine {
            error: Some(error.into()),
            error_kind: kind.into(),
            // It has failed, whatever the load test has set so far.
            failed: None,
            ..self.line(self.started_ns, monotonic_ns())
        };
        self.scope.report(line, self.number, None);
    }
}
