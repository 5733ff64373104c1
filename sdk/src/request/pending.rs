//! A request under way, and the line that reports it.

use std::borrow::Cow;

use heavy_plugin::line::RequestLine;

use super::Report;
use super::id::RequestId;
use crate::http::{Exchange, Method, RequestError, Target, monotonic_ns};
use crate::output::Output;
use crate::response::Response;
use crate::verbs::Scope;

/// A request that is not reported yet. When it is dropped so, it was cut off, and is reported as that: otherwise the
/// slowest requests would be missing from the results.
pub(super) struct Pending<'a> {
    scope: Scope<'a>,
    sequence_id: &'a str,
    id: RequestId,
    method: Method,
    target: Target,
    report: Report,
    started_ns: u64,
    reported: bool,
}

impl<'a> Pending<'a> {
    pub(super) fn new(
        scope: Scope<'a>,
        sequence_id: &'a str,
        id: RequestId,
        method: Method,
        target: Target,
        report: Report,
    ) -> Self {
        Self {
            scope,
            sequence_id,
            id,
            method,
            target,
            report,
            started_ns: monotonic_ns(),
            reported: false,
        }
    }

    pub(super) fn report(mut self, exchange: Exchange) -> Result<Response, RequestError> {
        self.reported = true;
        let error_status = exchange.status >= 400;
        let unexpected = error_status && !self.report.expected.contains(&exchange.status);
        let wall_ns = self.scope.ctx.core().job.wall_ns(exchange.started_ns);
        self.write(RequestLine {
            status: exchange.status,
            size: exchange.size,
            started_ns: wall_ns,
            duration_ns: exchange.duration_ns(),
            error: exchange
                .error
                .as_ref()
                .map(|error| Cow::Borrowed(&*error.message)),
            error_kind: match &exchange.error {
                Some(error) => error.kind.as_str().into(),
                None if unexpected => "status".into(),
                None => "".into(),
            },
            failed: (error_status && !unexpected && exchange.error.is_none()).then_some(false),
            proto: exchange.protocol().into(),
            reused: Some(exchange.reused),
            phases: Some(exchange.phases),
            ..RequestLine::default()
        });
        match exchange.error {
            Some(error) => Err(error),
            None => Ok(Response::new(exchange, self.id.clone())),
        }
    }

    /// Completes the line by what is known before the exchange, and gives it to the results and to the load test.
    fn write(&self, line: RequestLine<'_>) {
        let ctx = self.scope.ctx;
        let core = ctx.core();
        let default_name;
        let name = match &self.report.name {
            Some(name) => &**name,
            None => {
                default_name = core.names.borrow_mut().get(&self.method, self.target.url());
                &*default_name
            }
        };
        let tags = match &*self.report.tags {
            "" => String::new(),
            tags => format!("{{{tags}}}"),
        };
        let output = Output::from(RequestLine {
            sequence_id: self.sequence_id.into(),
            url: self.target.url().into(),
            method: self.method.as_str().into(),
            workflow: ctx.workflow().into(),
            step: (&*self.scope.step).into(),
            name: name.into(),
            iteration: ctx.iteration(),
            user_id: ctx.user_id().into(),
            request_id: self.id.as_str().into(),
            tags: tags.into(),
            ..line
        });
        core.results.request(&output);
        core.shared.workflows[ctx.lane()].runner.tell_result(&output);
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.reported {
            return;
        }
        let ctx = self.scope.ctx;
        let (kind, error) = match ctx.cut_off() {
            Some("timeout") => ("timeout", "cut off by the timeout of the iteration"),
            Some(kind) => (kind, "cut off by the end of grace"),
            None => ("canceled", "given up by the load test"),
        };
        self.write(RequestLine {
            started_ns: ctx.core().job.wall_ns(self.started_ns),
            duration_ns: monotonic_ns() - self.started_ns,
            error: Some(error.into()),
            error_kind: kind.into(),
            ..RequestLine::default()
        });
    }
}
