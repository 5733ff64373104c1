//! Request lines: their fields, how they are written and read, and when a request has failed.
//!
//! A field of requests is added here and in `docs/output-line.schema.json`, and nowhere else in this crate.

use std::borrow::Cow;

use heavy_load::phases::Phases;
use heavy_load::protocol::is_http;
use serde::Deserialize;

use super::fields::{AnyError, Instant, Nanos, Size, TagsField, Text};
use super::json::{
    error_field, flag_field, number_field, optional_text, raw_field, string, text_field, time_field,
};

/// The error kind of a request that failed by nothing but its HTTP status.
pub const STATUS_KIND: &str = "status";

/// The error kind of a failed request of which nothing better is known.
const OTHER_KIND: &str = "other";

/// One request. The first eight fields are go-lo's; the others are optional on the wire.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestLine<'a> {
    /// `sequenceID`: ties the requests of one journey together.
    pub sequence_id: Cow<'a, str>,
    /// The requested URL.
    pub url: Cow<'a, str>,
    /// The method, such as `GET`.
    pub method: Cow<'a, str>,
    /// The protocol's status; over HTTP 0 means no response.
    pub status: u16,
    /// Body bytes received.
    pub size: u64,
    /// `timestamp`: the start, in ns since the Unix epoch.
    pub started_ns: u64,
    /// Duration, from asking for a connection to the last body byte.
    pub duration_ns: u64,
    /// The error message; an object is kept as its JSON.
    pub error: Option<Cow<'a, str>>,
    /// `errorKind`: a short, stable word that errors are grouped by: refused, reset, timeout, dns, tls, status, body, ...
    /// Empty if absent.
    pub error_kind: Cow<'a, str>,
    /// Overrides [`is_failed`](Self::is_failed)'s definition.
    pub failed: Option<bool>,
    /// Empty if absent.
    pub workflow: Cow<'a, str>,
    /// Empty if absent.
    pub step: Cow<'a, str>,
    /// The request's identity in statistics; empty if absent, then it is derived from method and path.
    pub name: Cow<'a, str>,
    /// The number of the iteration that made the request.
    pub iteration: Option<u64>,
    /// `userID`; empty if absent.
    pub user_id: Cow<'a, str>,
    /// `requestID`; empty if absent.
    pub request_id: Cow<'a, str>,
    /// The protocol, such as `HTTP/1.1`; empty if absent, which means HTTP.
    pub proto: Cow<'a, str>,
    /// `remoteAddr`: the peer of the connection, such as `127.0.0.1:8080`; empty if absent.
    pub remote_addr: Cow<'a, str>,
    /// Whether the connection had served a request before.
    pub reused: Option<bool>,
    /// The duration of each phase.
    pub phases: Option<Phases>,
    /// The tags as a JSON object of strings; empty if absent.
    pub tags: Cow<'a, str>,
}

impl RequestLine<'_> {
    /// Whether the request failed: as the line says, else when it has an error or, over HTTP (an absent `proto` is
    /// HTTP too), a status of 0 or of 400 and more. The statuses of other protocols say nothing about failure here.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.failed
            .unwrap_or_else(|| self.error.is_some() || (status_fails(self.status) && is_http(&self.proto)))
    }

    /// The kind that the request is counted under among errors; empty when it did not fail.
    #[must_use]
    pub fn failure_kind(&self) -> &str {
        if !self.is_failed() {
            ""
        } else if !self.error_kind.is_empty() {
            &self.error_kind
        } else if self.status >= 400 && is_http(&self.proto) {
            STATUS_KIND
        } else {
            OTHER_KIND
        }
    }

    /// The same line, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> RequestLine<'static> {
        fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        RequestLine {
            sequence_id: owned(self.sequence_id),
            url: owned(self.url),
            method: owned(self.method),
            status: self.status,
            size: self.size,
            started_ns: self.started_ns,
            duration_ns: self.duration_ns,
            error: self.error.map(owned),
            error_kind: owned(self.error_kind),
            failed: self.failed,
            workflow: owned(self.workflow),
            step: owned(self.step),
            name: owned(self.name),
            iteration: self.iteration,
            user_id: owned(self.user_id),
            request_id: owned(self.request_id),
            proto: owned(self.proto),
            remote_addr: owned(self.remote_addr),
            reused: self.reused,
            phases: self.phases,
            tags: owned(self.tags),
        }
    }

    /// Appends the line, newline included. Empty optional fields are left out.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"sequenceID\":");
        string(&self.sequence_id, out);
        text_field(b",\"url\":", &self.url, out);
        text_field(b",\"method\":", &self.method, out);
        number_field(b",\"status\":", u64::from(self.status), out);
        number_field(b",\"size\":", self.size, out);
        time_field(b",\"timestamp\":", self.started_ns, out);
        number_field(b",\"duration\":", self.duration_ns, out);
        error_field(self.error.as_deref(), out);
        optional_text(b",\"errorKind\":", &self.error_kind, out);
        if let Some(failed) = self.failed {
            flag_field(b",\"failed\":", failed, out);
        }
        optional_text(b",\"workflow\":", &self.workflow, out);
        optional_text(b",\"step\":", &self.step, out);
        optional_text(b",\"name\":", &self.name, out);
        if let Some(iteration) = self.iteration {
            number_field(b",\"iteration\":", iteration, out);
        }
        optional_text(b",\"userID\":", &self.user_id, out);
        optional_text(b",\"requestID\":", &self.request_id, out);
        optional_text(b",\"proto\":", &self.proto, out);
        optional_text(b",\"remoteAddr\":", &self.remote_addr, out);
        if let Some(reused) = self.reused {
            flag_field(b",\"reused\":", reused, out);
        }
        if let Some(phases) = &self.phases {
            phases_field(phases, out);
        }
        raw_field(b",\"tags\":", &self.tags, out);
        out.extend_from_slice(b"}\n");
    }
}

/// Whether an HTTP status makes a request a failed one: no answer, or an error of the client or the server.
#[must_use]
pub const fn status_fails(status: u16) -> bool {
    status == 0 || status >= 400
}

fn phases_field(phases: &Phases, out: &mut Vec<u8>) {
    number_field(b",\"phases\":{\"blocked\":", phases.blocked_ns, out);
    number_field(b",\"dns\":", phases.dns_ns, out);
    number_field(b",\"connect\":", phases.connect_ns, out);
    number_field(b",\"tls\":", phases.tls_ns, out);
    number_field(b",\"send\":", phases.send_ns, out);
    number_field(b",\"wait\":", phases.wait_ns, out);
    number_field(b",\"receive\":", phases.receive_ns, out);
    out.push(b'}');
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestWire<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, rename = "sequenceID")]
    sequence_id: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    method: Text<'a>,
    status: u16,
    #[serde(default)]
    size: Size,
    timestamp: Instant,
    duration: Nanos,
    #[serde(borrow, default)]
    error: Option<AnyError<'a>>,
    #[serde(borrow, default)]
    error_kind: Text<'a>,
    #[serde(default)]
    failed: Option<bool>,
    #[serde(borrow, default)]
    workflow: Text<'a>,
    #[serde(borrow, default)]
    step: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    iteration: Option<u64>,
    #[serde(borrow, default, rename = "userID")]
    user_id: Text<'a>,
    #[serde(borrow, default, rename = "requestID")]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    proto: Text<'a>,
    #[serde(borrow, default)]
    remote_addr: Text<'a>,
    #[serde(default)]
    reused: Option<bool>,
    #[serde(default)]
    phases: Option<PhasesWire>,
    #[serde(borrow, default)]
    tags: TagsField<'a>,
}

impl RequestWire<'_> {
    /// Whether the `type` of the line is that of a request, which may be left out.
    pub(super) fn is_request(&self) -> bool {
        self.kind.0.is_empty() || self.kind.0 == "request"
    }
}

impl<'a> From<RequestWire<'a>> for RequestLine<'a> {
    fn from(wire: RequestWire<'a>) -> Self {
        Self {
            sequence_id: wire.sequence_id.0,
            url: wire.url.0,
            method: wire.method.0,
            status: wire.status,
            size: wire.size.0,
            started_ns: wire.timestamp.0,
            duration_ns: wire.duration.0,
            error: wire.error.map(|error| error.0),
            error_kind: wire.error_kind.0,
            failed: wire.failed,
            workflow: wire.workflow.0,
            step: wire.step.0,
            name: wire.name.0,
            iteration: wire.iteration,
            user_id: wire.user_id.0,
            request_id: wire.request_id.0,
            proto: wire.proto.0,
            remote_addr: wire.remote_addr.0,
            reused: wire.reused,
            phases: wire.phases.map(Phases::from),
            tags: wire.tags.0,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PhasesWire {
    blocked: Nanos,
    dns: Nanos,
    connect: Nanos,
    tls: Nanos,
    send: Nanos,
    wait: Nanos,
    receive: Nanos,
}

impl From<PhasesWire> for Phases {
    fn from(wire: PhasesWire) -> Self {
        Self {
            blocked_ns: wire.blocked.0,
            dns_ns: wire.dns.0,
            connect_ns: wire.connect.0,
            tls_ns: wire.tls.0,
            send_ns: wire.send.0,
            wait_ns: wire.wait.0,
            receive_ns: wire.receive.0,
        }
    }
}
