//! What happened in an iteration, as lines to read. Pure.

use std::fmt::Write as _;

use heavy_plugin::line::{IterationLine, MetricLine, Phases, RequestLine};
use heavy_plugin::name::default_name;

use super::secrets;
use super::text::{body, bytes, duration, escape, line};
use crate::harness::iteration::INIT_USER_DURATION;
use crate::http::{Exchange, HeaderMap, Request, StatusCode, header};
use crate::observer::{CallSite, Observed, Whereabouts};

/// Functions whose name stands in the place of a step.
const FUNCTIONS: [&str; 4] = ["init", "init_user", "cleanup", "cleanup_user"];

/// The names of phases, in their order.
const PHASES: [&str; 7] = ["blocked", "dns", "connect", "tls", "send", "wait", "receive"];

/// Shorter phases would be shown as 0.
const SHOWN_FROM_NS: u64 = 5_000;

/// How things are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) colour: bool,
    pub(super) show_secrets: bool,
    pub(super) body_lines: usize,
}

/// The colours, as parameters of the escape sequence that selects them.
#[derive(Debug, Clone, Copy)]
enum Colour {
    Title = 1,
    Dim = 2,
    Failed = 31,
    Good = 32,
    Odd = 33,
    Sent = 36,
    Own = 35,
}

impl Look {
    /// The title of a call; also what stands above everything that it does.
    pub(super) fn title(&self, workflow: &str, function: &str, iteration: Option<u64>, user: &str) -> String {
        let what = match iteration {
            Some(number) if function == "run" => format!("iteration {number}, user {}", escape(user)),
            _ if function.ends_with("_user") => format!("{function}, user {}", escape(user)),
            _ => function.to_owned(),
        };
        format!("{}: {what}\n", self.paint(Colour::Title, &escape(workflow)))
    }

    /// A line that the load test printed.
    pub(super) fn printed(&self, text: &str) -> String {
        format!("  {} {}\n", self.paint(Colour::Own, "println"), line(text))
    }

    /// Lines about everything but the begin of a call.
    pub(super) fn lines(&self, place: Whereabouts<'_>, what: &Observed<'_>) -> String {
        let call = self.at(place.call);
        let in_step = !place.step.is_empty() && !FUNCTIONS.contains(&place.step);
        let indent = if in_step { "    " } else { "  " };
        let step = || self.paint(Colour::Title, &line(place.step));
        match what {
            Observed::CallBegan { .. } => String::new(),
            Observed::CallEnded { error: None, .. } => String::new(),
            Observed::CallEnded { function, error } => {
                self.failed(function, error.unwrap_or_default(), place.call)
            }
            Observed::IterationEnded(line) => self.iteration(line, place.call),
            Observed::StepBegan => format!("  step {}{call}\n", step()),
            Observed::StepFailed(error) => {
                let error = line(&format!("{error:#}"));
                format!(
                    "{indent}{}{call}\n",
                    self.paint(Colour::Failed, &format!("\u{2717} {error}"))
                )
            }
            Observed::StepEnded { duration_ns, ok } => {
                format!("  step {} {}\n", step(), self.ended(*ok, *duration_ns))
            }
            Observed::RequestBegan { number, request } => self.request(indent, *number, request, &call),
            Observed::RequestEnded {
                number,
                line,
                exchange,
            } => match number {
                Some(number) => self.answer(indent, *number, line, *exchange, &call),
                None => self.sample(indent, line, &call),
            },
            Observed::Checked { name, passed } => {
                let name = line(name);
                let check = if *passed {
                    self.paint(Colour::Good, &format!("\u{2713} {name}"))
                } else {
                    self.paint(Colour::Failed, &format!("\u{2717} check failed: {name}"))
                };
                format!("{indent}{check}{call}\n")
            }
            // This one is heavy's own.
            Observed::Measured(metric) if metric.name == INIT_USER_DURATION => String::new(),
            Observed::Measured(metric) => self.metric(indent, metric, &call),
        }
    }

    fn request(&self, indent: &str, number: u32, request: &Request, call: &str) -> String {
        let method = request.method().as_str();
        let url = self.url(request.target().url());
        let first = self.paint(Colour::Sent, &format!("\u{2192} {number} {method} {url}"));
        let mut out = format!("{indent}{first}{call}\n");
        self.headers(indent, request.header_map(), &mut out);
        let bytes = request.body_bytes();
        self.body(
            indent,
            request.header_map(),
            (bytes, bytes.len() as u64),
            &mut out,
        );
        out
    }

    fn answer(
        &self,
        indent: &str,
        number: u32,
        line: &RequestLine<'_>,
        exchange: Option<&Exchange>,
        call: &str,
    ) -> String {
        let failed = line.is_failed();
        let first = match line.status {
            0 => format!("\u{2717} {number} no response"),
            status => {
                let reason = StatusCode::from_u16(status).ok();
                let reason = reason.and_then(|status| status.canonical_reason());
                format!("\u{2190} {number} {status} {}", reason.unwrap_or_default())
            }
        };
        let colour = match line.status {
            _ if failed => Colour::Failed,
            300..400 => Colour::Odd,
            _ => Colour::Good,
        };
        let mut out = format!("{indent}{}", self.paint(colour, first.trim_end()));
        let _ = write!(out, ", {}", duration(line.duration_ns));
        if line.status > 0 {
            let _ = write!(out, ", {}", bytes(line.size));
        }
        if line.name != default_name(&line.method, &line.url) {
            let _ = write!(out, ", name {}", line_of(&line.name));
        }
        out.push_str(&self.labels(line, failed));
        if failed {
            out.push_str(call);
        }
        out.push('\n');
        if let Some(phases) = &line.phases {
            let connection = match (&*line.remote_addr, line.reused) {
                ("", _) => String::new(),
                (peer, Some(true)) => format!("; connection to {peer} used before"),
                (peer, _) => format!("; new connection to {peer}"),
            };
            let text = format!("{}{}", phases_of(phases), line_of(&connection));
            let _ = writeln!(out, "{indent}    {}", self.paint(Colour::Dim, &text));
        }
        if let Some(exchange) = exchange.filter(|exchange| exchange.status > 0) {
            self.headers(indent, &exchange.headers, &mut out);
            self.body(
                indent,
                &exchange.headers,
                (&exchange.body, exchange.size),
                &mut out,
            );
        }
        out
    }

    /// An exchange of another client or another protocol.
    fn sample(&self, indent: &str, line: &RequestLine<'_>, call: &str) -> String {
        let failed = line.is_failed();
        let name = [&*line.proto, &*line.name].join(" ");
        let first = format!("\u{2194} {}", line_of(name.trim_start()));
        let colour = if failed { Colour::Failed } else { Colour::Sent };
        let mut out = format!(
            "{indent}{}, status {}, {}, {}{}{call}\n",
            self.paint(colour, &first),
            line.status,
            duration(line.duration_ns),
            bytes(line.size),
            self.labels(line, failed),
        );
        if !line.url.is_empty() {
            let target = format!("{} {}", line.method, self.url(&line.url));
            let _ = writeln!(
                out,
                "{indent}    {}",
                self.paint(Colour::Dim, line_of(target.trim_start()).as_str())
            );
        }
        let phases = line.phases.as_ref().map(phases_of).unwrap_or_default();
        if !phases.is_empty() {
            let _ = writeln!(out, "{indent}    {}", self.paint(Colour::Dim, &phases));
        }
        out
    }

    /// Its tags, and why it failed.
    fn labels(&self, line: &RequestLine<'_>, failed: bool) -> String {
        let mut out = String::new();
        if !line.tags.is_empty() {
            let _ = write!(out, ", tags {}", line_of(&line.tags));
        }
        if line.failed == Some(false) && line.status >= 400 {
            out.push_str(", expected");
        }
        if failed {
            let why = match &line.error {
                Some(error) => format!("{}: {}", line.failure_kind(), line_of(error)),
                None => line.failure_kind().to_owned(),
            };
            let _ = write!(
                out,
                ", {}",
                self.paint(Colour::Failed, &format!("failed ({})", line_of(&why)))
            );
        }
        out
    }

    fn headers(&self, indent: &str, headers: &HeaderMap, out: &mut String) {
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = if self.show_secrets {
                value
            } else {
                secrets::header(name.as_str(), &value).into_owned().into()
            };
            let text = format!("{name}: {}", line(&value));
            let _ = writeln!(out, "{indent}    {}", self.paint(Colour::Dim, &text));
        }
    }

    fn body(&self, indent: &str, headers: &HeaderMap, (content, size): (&[u8], u64), out: &mut String) {
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        for line in body(content, size, content_type.unwrap_or_default(), self.body_lines) {
            let _ = writeln!(out, "{indent}    {} {line}", self.paint(Colour::Dim, "|"));
        }
    }

    fn metric(&self, indent: &str, metric: &MetricLine<'_>, call: &str) -> String {
        let kind = self.paint(Colour::Own, metric.kind.as_str());
        let (name, value) = (line(&metric.name), metric.value);
        let tags = match &*metric.tags {
            "" => String::new(),
            tags => format!(" {}", line(tags)),
        };
        format!("{indent}{kind} {name} = {value}{tags}{call}\n")
    }

    fn iteration(&self, iteration: &IterationLine<'_>, last: Option<CallSite>) -> String {
        let (passes, fails) = iteration.checks.iter().fold((0, 0), |(passes, fails), check| {
            (passes + check.passes, fails + check.fails)
        });
        let mut out = match &iteration.error {
            Some(error) => self.failed("iteration", error, last),
            None => String::new(),
        };
        let _ = write!(
            out,
            "  iteration {} {}",
            iteration.iteration,
            self.ended(iteration.ok, iteration.duration_ns)
        );
        if passes + fails > 0 {
            let checks = format!("{passes} of {} checks passed", passes + fails);
            let colour = if fails > 0 { Colour::Failed } else { Colour::Good };
            let _ = write!(out, ", {}", self.paint(colour, &checks));
        }
        out.push('\n');
        out
    }

    /// An error of the load test's code. A panic knows its place; of another error the last call before is shown.
    fn failed(&self, what: &str, error: &str, last: Option<CallSite>) -> String {
        let mut lines = error.lines();
        let first = line(lines.next().unwrap_or_default());
        let first = self.paint(Colour::Failed, &format!("\u{2717} {what} failed: {first}"));
        let mut out = format!("  {first}\n");
        for more in lines.take(20) {
            let _ = writeln!(out, "    {}", self.paint(Colour::Failed, &line(more)));
        }
        if let Some(call) = last.filter(|_| !error.contains("panicked at ")) {
            let place = format!("the last call was at {}:{}", line(call.file()), call.line());
            let _ = writeln!(out, "    {}", self.paint(Colour::Dim, &place));
        }
        out
    }

    fn ended(&self, ok: bool, duration_ns: u64) -> String {
        let how = if ok {
            self.paint(Colour::Good, "ok")
        } else {
            self.paint(Colour::Failed, "failed")
        };
        format!("{how}, {}", duration(duration_ns))
    }

    fn url(&self, url: &str) -> String {
        line(&if self.show_secrets {
            url.to_owned()
        } else {
            secrets::url(url)
        })
    }

    fn at(&self, call: Option<CallSite>) -> String {
        call.map_or_else(String::new, |call| {
            let place = format!("{}:{}", line(call.file()), call.line());
            format!("  {}", self.paint(Colour::Dim, &place))
        })
    }

    fn paint(&self, colour: Colour, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{}m{text}\u{1b}[0m", colour as u8)
        } else {
            text.to_owned()
        }
    }
}

/// A name that parameters called `line` cannot hide.
fn line_of(text: &str) -> String {
    line(text)
}

/// The phases that took any time.
fn phases_of(phases: &Phases) -> String {
    let parts = PHASES.into_iter().zip(phases.to_array());
    let parts = parts
        .filter(|(_, ns)| *ns >= SHOWN_FROM_NS)
        .map(|(phase, ns)| format!("{phase} {}", duration(ns)));
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
