//! Requests, answers and samples, as lines to read. Pure.

use std::fmt::Write as _;

use heavy_plugin::line::{Phases, RequestLine};
use heavy_plugin::name::default_name;

use super::super::secrets;
use super::super::text::{body, bytes, duration, one_line};
use super::{Colour, Look};
use crate::http::{Exchange, HeaderMap, Request, StatusCode, header};

/// The names of phases, in their order.
const PHASES: [&str; 7] = ["blocked", "dns", "connect", "tls", "send", "wait", "receive"];

/// Shorter phases would be shown as 0.
const SHOWN_FROM_NS: u64 = 5_000;

impl Look {
    pub(super) fn request(&self, indent: &str, number: u32, request: &Request, call: &str) -> String {
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

    pub(super) fn answer(
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
            let _ = write!(out, ", name {}", one_line(&line.name));
        }
        out.push_str(&self.labels(line, failed));
        if failed {
            out.push_str(call);
        }
        out.push('\n');
        if let Some(phases) = &line.phases {
            let connection = match (&*line.remote_addr, line.reused) {
                ("", _) => String::new(),
                (peer, Some(true)) => format!("; connection to {peer} reused"),
                (peer, _) => format!("; new connection to {peer}"),
            };
            let text = format!("{}{}", phases_of(phases), one_line(&connection));
            if !text.is_empty() {
                let _ = writeln!(out, "{indent}    {}", self.paint(Colour::Dim, &text));
            }
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
    pub(super) fn sample(&self, indent: &str, line: &RequestLine<'_>, call: &str) -> String {
        let failed = line.is_failed();
        let name = [&*line.proto, &*line.name].join(" ");
        let first = format!("\u{2194} {}", one_line(name.trim_start()));
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
                self.paint(Colour::Dim, one_line(target.trim_start()).as_str())
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
            let _ = write!(out, ", tags {}", one_line(&line.tags));
        }
        if line.failed == Some(false) && line.status >= 400 {
            out.push_str(", expected");
        }
        if failed {
            let why = match &line.error {
                Some(error) => format!("{}: {}", line.failure_kind(), one_line(error)),
                None => line.failure_kind().to_owned(),
            };
            let _ = write!(
                out,
                ", {}",
                self.paint(Colour::Failed, &format!("failed ({})", one_line(&why)))
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
            let text = format!("{name}: {}", one_line(&value));
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
}

/// The phases that took any time.
fn phases_of(phases: &Phases) -> String {
    let parts = PHASES.into_iter().zip(phases.to_array());
    let parts = parts
        .filter(|(_, ns)| *ns >= SHOWN_FROM_NS)
        .map(|(phase, ns)| format!("{phase} {}", duration(ns)));
    parts.collect::<Vec<_>>().join(", ")
}
