//! What the store must hold of a line that was written, field by field.
//!
//! The limits and the redaction are written down here again, from the documentation: a judge that used the agent's own
//! code would not see its mistakes.

use std::borrow::Cow;

use heavy_plugin::line::{IterationLine, RequestLine};
use serde_json::Value;

/// Longer URLs, error messages and tags are cut or dropped.
const TEXT_BYTES: usize = 4 << 10;
/// Longer names are cut.
const NAME_BYTES: usize = 512;
/// Longer IDs are cut.
const ID_BYTES: usize = 128;

/// How far a stored instant may be from the line's: clocks of agents are adjusted while a job runs.
const CLOCK_NS: i128 = 250_000_000;

/// A stored row: a text for each field of an export, `None` for NULL.
pub(crate) type StoredValues<'a> = [Option<Cow<'a, str>>];

/// How to find a field in a row.
pub(crate) type FieldPlace = fn(&str) -> usize;

/// The names of the fields in which a stored request differs from its line.
pub(crate) fn differing_request(
    line: &RequestLine<'_>,
    agent: &str,
    row: &StoredValues<'_>,
    place: FieldPlace,
) -> Vec<&'static str> {
    let check = Check { row, place };
    let phases = line.phases.unwrap_or_default().to_array();
    let names = [
        "blocked_ms",
        "dns_ms",
        "connect_ms",
        "tls_ms",
        "send_ms",
        "wait_ms",
        "receive_ms",
    ];
    let mut wrong = vec![
        check.text("agent", agent),
        check.text("workflow", cut(&line.workflow, NAME_BYTES)),
        check.text("step", cut(&line.step, NAME_BYTES)),
        check.text("name", cut(&line.name, NAME_BYTES)),
        check.text("method", cut(&line.method, NAME_BYTES)),
        check.text("url", cut(&without_secrets(&line.url), TEXT_BYTES)),
        check.text("status", &line.status.to_string()),
        check.text("failed", &line.is_failed().to_string()),
        check.text(
            "error",
            cut(line.error.as_deref().unwrap_or_default(), TEXT_BYTES),
        ),
        check.text("error_kind", line.failure_kind()),
        check.text("size", &line.size.to_string()),
        check.instant("started_at", line.started_ns),
        check.ns("duration_ms", line.duration_ns),
        check.text(
            "reused",
            line.reused
                .map_or("", |reused| if reused { "true" } else { "false" }),
        ),
        check.text("sequence_id", cut(&line.sequence_id, ID_BYTES)),
        check.text("request_id", cut(&line.request_id, ID_BYTES)),
        check.text(
            "iteration",
            &line.iteration.map_or_else(String::new, |n| n.to_string()),
        ),
        check.text("user_id", cut(&line.user_id, ID_BYTES)),
        check.text("proto", cut(&line.proto, ID_BYTES)),
        check.tags("tags", &line.tags),
    ];
    wrong.extend(names.into_iter().zip(phases).map(|(name, ns)| check.ns(name, ns)));
    wrong.into_iter().flatten().collect()
}

/// The names of the fields in which a stored iteration differs from its line.
pub(crate) fn differing_iteration(
    line: &IterationLine<'_>,
    agent: &str,
    row: &StoredValues<'_>,
    place: FieldPlace,
) -> Vec<&'static str> {
    let check = Check { row, place };
    [
        check.text("agent", agent),
        check.text("workflow", cut(&line.workflow, NAME_BYTES)),
        check.text("iteration", &line.iteration.to_string()),
        check.text("user_id", cut(&line.user_id, ID_BYTES)),
        check.text("sequence_id", cut(&line.sequence_id, ID_BYTES)),
        check.instant("scheduled_at", line.scheduled_ns),
        check.ns("lag_ms", line.lag_ns),
        check.ns("slot_wait_ms", line.slot_wait_ns),
        check.ns("duration_ms", line.duration_ns),
        check.ns("think_ms", line.think_ns),
        check.text("ok", &(line.ok && !line.interrupted).to_string()),
        check.text("interrupted", &line.interrupted.to_string()),
        check.text(
            "error",
            cut(line.error.as_deref().unwrap_or_default(), TEXT_BYTES),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The key of a request among those of a job: its ID as far as it is stored whole.
pub(crate) fn request_key(request_id: &str) -> Cow<'_, str> {
    match crate::result::parse_id(request_id) {
        Some((stream, k)) => crate::result::result_id(stream, k).into(),
        None => request_id.into(),
    }
}

/// The key of an iteration: its number may be used twice, the sequence ID may not.
pub(crate) fn iteration_key(iteration: &str, sequence_id: &str) -> String {
    format!("iteration {iteration} {sequence_id}")
}

struct Check<'a> {
    row: &'a StoredValues<'a>,
    place: FieldPlace,
}

impl Check<'_> {
    fn value(&self, name: &str) -> &str {
        self.row[(self.place)(name)].as_deref().unwrap_or_default()
    }

    fn text(&self, name: &'static str, expected: &str) -> Option<&'static str> {
        (self.value(name) != expected.replace('\0', "\u{fffd}")).then_some(name)
    }

    fn ns(&self, name: &'static str, expected: u64) -> Option<&'static str> {
        let ms: f64 = self.value(name).parse().unwrap_or(f64::NAN);
        let off = ms * 1e6 - expected as f64;
        // An f64 holds a few hours of ms to the ns.
        (off.is_nan() || off.abs() >= 1.0).then_some(name)
    }

    fn instant(&self, name: &'static str, expected_ns: u64) -> Option<&'static str> {
        let stored: Option<jiff::Timestamp> = self.value(name).parse().ok();
        let near = stored.is_some_and(|at| (at.as_nanosecond() - i128::from(expected_ns)).abs() <= CLOCK_NS);
        (!near).then_some(name)
    }

    fn tags(&self, name: &'static str, expected: &str) -> Option<&'static str> {
        let empty = |text: &str| text.is_empty() || text == "{}" || text == "null";
        let stored = self.value(name);
        let same = if empty(expected) || expected.len() > TEXT_BYTES {
            empty(stored)
        } else {
            let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
            parse(stored).is_some() && parse(stored) == parse(expected)
        };
        (!same).then_some(name)
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Without the values of a query. The oracle's URLs have neither userinfo nor fragment.
fn without_secrets(url: &str) -> Cow<'_, str> {
    let Some((path, query)) = url.split_once('?') else {
        return url.into();
    };
    let names = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}="),
        None => String::new(),
    });
    format!("{path}?{}", names.collect::<Vec<_>>().join("&")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_lose_their_values() {
        assert_eq!(
            without_secrets("http://h/a?token=x&bare&page=7"),
            "http://h/a?token=&&page="
        );
        assert_eq!(without_secrets("http://h/a"), "http://h/a");
    }

    #[test]
    fn a_cut_id_has_the_key_of_the_whole_one() {
        assert_eq!(request_key("job/a.0~17~iiii"), "job/a.0~17");
        assert_eq!(request_key("00ff00ff00ff00ff"), "00ff00ff00ff00ff");
    }
}
