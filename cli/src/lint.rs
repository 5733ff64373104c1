//! `heavy lint-lines`: checks the output lines of a load test against the protocol.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};

use heavy_load::vocabulary::MetricKind;
use heavy_plugin::hello::{Hello, PROTOCOL};
use heavy_plugin::line::{Line, MAX_LINE_BYTES, NotAResult};
use heavy_plugin::lines::{Filled, LineBuffer, LinePiece};
use serde_json::Value;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LineCounts {
    lines: u64,
    results: BTreeMap<&'static str, u64>,
    not_results: BTreeMap<NotAResult, u64>,
}

impl LineCounts {
    /// Whether every line is a result or a hello.
    pub(crate) fn all_results(&self) -> bool {
        self.not_results.is_empty()
    }
}

impl fmt::Display for LineCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |counts: Vec<String>| {
            if counts.is_empty() {
                String::new()
            } else {
                format!("  {}", counts.join(", "))
            }
        };
        let results = by(self
            .results
            .iter()
            .map(|(kind, n)| format!("{kind} {n}"))
            .collect());
        let others = by(self
            .not_results
            .iter()
            .map(|(reason, n)| format!("{} {n}", reason.as_str()))
            .collect());
        writeln!(f, "lines       {:>12}", self.lines)?;
        writeln!(
            f,
            "results     {:>12}{results}",
            self.results.values().sum::<u64>()
        )?;
        write!(
            f,
            "no results  {:>12}{others}",
            self.not_results.values().sum::<u64>()
        )
    }
}

/// Reads a stream to its end; writes a line for each line that is not a result, and the totals at the end.
pub(crate) fn check(mut input: impl Read, out: &mut impl Write) -> io::Result<LineCounts> {
    let mut totals = LineCounts::default();
    let mut lines = LineBuffer::default();
    while lines.read_from(&mut input)? != Filled::End {
        while let Some(piece) = lines.next_piece() {
            count(&piece, &mut totals, out)?;
        }
    }
    if let Some(piece) = lines.rest() {
        count(&piece, &mut totals, out)?;
    }
    writeln!(out, "{totals}")?;
    Ok(totals)
}

fn count(piece: &LinePiece<'_>, totals: &mut LineCounts, out: &mut impl Write) -> io::Result<()> {
    totals.lines += 1;
    if matches!(piece, LinePiece::Line([])) {
        return Ok(());
    }
    match judge(piece) {
        Ok(kind) => *totals.results.entry(kind).or_default() += 1,
        Err((reason, detail)) => {
            *totals.not_results.entry(reason).or_default() += 1;
            writeln!(out, "{}: {}: {detail}", totals.lines, reason.as_str())?;
        }
    }
    Ok(())
}

/// The kind of a result, or why the line is not one, and what to do.
fn judge(piece: &LinePiece<'_>) -> Result<&'static str, (NotAResult, String)> {
    let bytes = match piece {
        LinePiece::TooLong(_) => {
            return Err((NotAResult::TooLong, format!("longer than {MAX_LINE_BYTES} bytes")));
        }
        LinePiece::Line(bytes) | LinePiece::Rest(bytes) => bytes,
    };
    if let Some(hello) = Hello::parse(bytes) {
        if hello.protocol == PROTOCOL {
            return Ok("hello");
        }
        let detail = format!(
            "hello of protocol {}, but this heavy supports {PROTOCOL}",
            hello.protocol
        );
        return Err((NotAResult::WrongFields, detail));
    }
    match Line::decode(bytes) {
        Ok(Line::Request(_)) => Ok("request"),
        Ok(Line::Iteration(_)) => Ok("iteration"),
        Ok(Line::Dropped(_)) => Ok("dropped"),
        Ok(Line::Metric(_)) => Ok("metric"),
        Ok(Line::Log(_)) => Ok("log"),
        Err(_) if matches!(piece, LinePiece::Rest(_)) => {
            Err((NotAResult::CutOff, "the stream ends within the line".to_owned()))
        }
        Err(reason) => Err((reason, detail(reason, bytes))),
    }
}

fn detail(reason: NotAResult, line: &[u8]) -> String {
    match reason {
        NotAResult::Text => "not a JSON object; it is kept as log output".to_owned(),
        NotAResult::WrongFields => wrong_fields(line),
        NotAResult::UnknownType => {
            let document: Value = serde_json::from_slice(line).unwrap_or_default();
            let kind: String = document["type"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .take(40)
                .collect();
            format!("type {kind:?} is not one of request, iteration, dropped, metric, log")
        }
        NotAResult::NotUtf8 => "bytes that are not UTF-8".to_owned(),
        NotAResult::TooLong => format!("longer than {MAX_LINE_BYTES} bytes"),
        NotAResult::CutOff => "the stream ends within the line".to_owned(),
    }
}

/// The form of a field's value that is checked here; the decoder has the last word.
type Form = (&'static str, fn(&Value) -> bool);

const TEXT: Form = ("a string", |value| value.is_string() || value.is_null());
const COUNT: Form = ("a whole number from 0", Value::is_u64);
const NUMBER: Form = ("a number", Value::is_number);
const TIME: Form = ("a number of ns from 0", |value| {
    value.as_f64().is_some_and(|ns| ns >= 0.0)
});
const STATUS: Form = ("a status code, or 0", |value| {
    value.as_u64().is_some_and(|status| status < 1000)
});
const FLAG: Form = ("true or false", Value::is_boolean);
const KIND: Form = ("counter, gauge, rate or trend", |value| {
    MetricKind::ALL.iter().any(|kind| value == kind.as_str())
});

/// The fields that a line of each type must have.
const REQUIRED: [(&str, &str, Form); 21] = [
    ("request", "sequenceID", TEXT),
    ("request", "url", TEXT),
    ("request", "method", TEXT),
    ("request", "status", STATUS),
    ("request", "timestamp", TEXT),
    ("request", "duration", TIME),
    ("iteration", "workflow", TEXT),
    ("iteration", "iteration", COUNT),
    ("iteration", "scheduled", TEXT),
    ("iteration", "lag", TIME),
    ("iteration", "duration", TIME),
    ("iteration", "ok", FLAG),
    ("dropped", "workflow", TEXT),
    ("dropped", "reason", TEXT),
    ("dropped", "count", COUNT),
    ("dropped", "first", COUNT),
    ("dropped", "last", COUNT),
    ("metric", "name", TEXT),
    ("metric", "kind", KIND),
    ("metric", "value", NUMBER),
    ("log", "text", TEXT),
];

fn wrong_fields(line: &[u8]) -> String {
    let document: Value = serde_json::from_slice(line).unwrap_or_default();
    let kind = document["type"]
        .as_str()
        .filter(|kind| !kind.is_empty())
        .unwrap_or("request");
    let problems: Vec<String> = REQUIRED
        .iter()
        .filter(|(of, ..)| *of == kind)
        .filter_map(|(_, name, (form, fits))| match document.get(name) {
            None => Some(format!("{name} is missing")),
            Some(value) if !fits(value) => Some(format!("{name} must be {form}")),
            Some(_) => None,
        })
        .collect();
    if problems.is_empty() {
        format!("a field of this {kind} line has an invalid value; docs/protocol.md describes all fields")
    } else {
        format!("{kind} line: {}", problems.join(", "))
    }
}

#[cfg(test)]
mod tests;
