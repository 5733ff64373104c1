//! Where something that is reported belongs: an iteration and a step of it.

use std::borrow::Cow;
use std::time::Duration;

use heavy_load::vocabulary::MetricKind;
use heavy_plugin::line::{MetricLine, RequestLine};
use heavy_plugin::name::default_name;

use crate::context::inner::ContextState;
use crate::http::Exchange;
use crate::observer::{CallSite, Observed};
use crate::output::Output;
use crate::tags::Tags;

/// Where a request, check or metric belongs.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) inner: &'a ContextState,
    /// The step; empty outside of steps.
    pub(crate) step: Cow<'a, str>,
    /// The call that began it.
    pub(crate) call: CallSite,
}

impl<'a> Scope<'a> {
    /// Pauses for this long.
    pub(crate) fn think(&self, time: Duration) -> impl Future<Output = ()> + use<'a> {
        let inner = self.inner;
        inner.touch();
        self.observe(|| Observed::Thinks(time));
        inner.pauses.pause(time)
    }

    /// Reports a request of any protocol: fills in what its line leaves open, such as step and iteration, and passes it to
    /// the results and to the load test's `on_result`. `number` and `exchange` are for the observer.
    pub(crate) fn report(&self, line: RequestLine<'_>, number: Option<u32>, exchange: Option<&Exchange>) {
        let inner = self.inner;
        let output = Output::from(RequestLine {
            sequence_id: given(line.sequence_id, inner.sequence_id.as_str()),
            workflow: given(line.workflow, inner.workflow()),
            step: given(line.step, &self.step),
            iteration: line.iteration.or(inner.iteration),
            user_id: given(line.user_id, &inner.user.id),
            ..line
        });
        self.observe(|| Observed::RequestEnded {
            number,
            line: &output,
            exchange,
        });
        inner.resources.results.request(&output);
        inner.resources.workflows[inner.workflow]
            .listener
            .on_request(&output);
    }

    /// Reports an exchange that the load test has made and measured itself.
    pub(crate) fn report_output(&self, output: Output<'_>) {
        self.inner.touch();
        let mut line = output.into_line();
        line.started_ns = self.inner.resources.job.of_host_ns(line.started_ns);
        if line.name.is_empty() {
            line.name = default_name(&line.method, &line.url).into();
        }
        self.report(line, None, None);
    }

    pub(crate) fn metric(&self, name: &str, kind: MetricKind, value: f64, tags: &Tags) {
        self.inner.touch();
        let line = MetricLine {
            name: name.into(),
            kind,
            value,
            step: (&*self.step).into(),
            tags: tags.to_json().into(),
        };
        self.inner.resources.results.metric(&line);
        self.observe(|| Observed::Measured(&line));
    }

    pub(crate) fn check(&self, name: Cow<'static, str>, passed: bool) {
        self.observe(|| Observed::Checked { name: &name, passed });
        self.inner.record_check(name, passed);
    }

    #[inline]
    pub(crate) fn observe<'e>(&self, what: impl FnOnce() -> Observed<'e>) {
        self.inner.observe(&self.step, self.call, what);
    }
}

fn given<'a>(text: Cow<'a, str>, otherwise: &'a str) -> Cow<'a, str> {
    if text.is_empty() { otherwise.into() } else { text }
}
