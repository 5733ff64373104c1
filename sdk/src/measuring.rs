//! An exchange from its start to its line, whatever the protocol.

use std::borrow::Cow;

use heavy_plugin::line::{RequestLine, STATUS_KIND, status_fails};

use crate::http::{Exchange, RequestError, monotonic_ns};
use crate::request_id::RequestId;
use crate::response::Response;
use crate::scope::Scope;
use crate::tags::Tags;

/// What is measured: all that its line says before it has ended.
pub(crate) trait Subject {
    fn line(&self) -> RequestLine<'_>;
    fn labels(&self) -> &SampleLabels;
    fn request_id(&self) -> RequestId;
}

/// What a load test says about a request beyond the exchange itself.
#[derive(Debug, Default)]
pub(crate) struct SampleLabels {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) tags: Tags,
    /// The HTTP statuses of 400 and more that do not count as failures.
    pub(crate) expected: Vec<u16>,
}

/// An exchange that is not reported yet. When it is dropped so, it was cut off, and is reported as that: otherwise the
/// slowest ones would be missing from the results.
#[derive(Debug)]
pub(crate) struct Measuring<'a, S: Subject> {
    scope: Scope<'a>,
    pub(crate) sequence_id: &'a str,
    pub(crate) started_ns: u64,
    pub(crate) subject: S,
    reported: bool,
}

impl<'a, S: Subject> Measuring<'a, S> {
    pub(crate) fn start(scope: Scope<'a>, sequence_id: &'a str, subject: S) -> Self {
        Self {
            scope,
            sequence_id,
            started_ns: monotonic_ns(),
            subject,
            reported: false,
        }
    }

    /// Reports the exchange, which has ended at `now_ns` of the monotonic clock.
    pub(crate) fn end(mut self, now_ns: u64) {
        self.reported = true;
        self.scope
            .report(self.line(self.started_ns, now_ns - self.started_ns));
    }

    /// Reports the exchange as its client has measured it.
    pub(crate) fn answer(mut self, exchange: Exchange) -> Result<Response, RequestError> {
        self.reported = true;
        let error = exchange.error.as_ref();
        let fails = status_fails(exchange.status);
        let expected = fails && self.subject.labels().expected.contains(&exchange.status);
        self.scope.report(RequestLine {
            status: exchange.status,
            size: exchange.size,
            error: error.map(|error| Cow::Borrowed(&*error.message)),
            error_kind: match error {
                Some(error) => error.kind.as_str().into(),
                None if fails && !expected => STATUS_KIND.into(),
                None => "".into(),
            },
            failed: (expected && error.is_none()).then_some(false),
            proto: exchange.protocol().into(),
            remote_addr: exchange.remote_addr.as_deref().unwrap_or_default().into(),
            reused: Some(exchange.reused),
            phases: Some(exchange.phases),
            ..self.line(exchange.started_ns, exchange.duration_ns())
        });
        match exchange.error {
            None => Ok(Response::new(exchange, self.subject.request_id())),
            Some(error) => Err(error),
        }
    }

    #[inline]
    fn line(&self, started_ns: u64, duration_ns: u64) -> RequestLine<'_> {
        let labels = self.subject.labels();
        RequestLine {
            sequence_id: self.sequence_id.into(),
            started_ns: self.scope.inner.resources.job.wall_ns(started_ns),
            duration_ns,
            tags: labels.tags.to_json().into(),
            ..self.subject.line()
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
        self.scope.report(RequestLine {
            error: Some(error.into()),
            error_kind: kind.into(),
            ..self.line(self.started_ns, monotonic_ns() - self.started_ns)
        });
    }
}
