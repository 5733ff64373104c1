//! What a value must be to fit into both databases.

use std::borrow::Cow;
use std::sync::Arc;

use heavy_load::window::Window;
use heavy_proto::window;

/// No instant and no duration is further away than this, so that sums of them do not overflow in SQL: 73 years.
const FURTHEST_NS: i64 = i64::MAX / 4;

/// The text without NUL, which Postgres does not take.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// As [`clean`], shared.
pub(crate) fn shared(text: &str) -> Arc<str> {
    Arc::from(clean(text))
}

/// A clean text as JSON; empty for none and for an object without members. What is no JSON becomes a JSON text, so that
/// people's queries do not fail on it.
pub(crate) fn json(clean: &str) -> String {
    if clean.is_empty() || clean == "{}" {
        return String::new();
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(clean).is_ok() {
        return clean.to_owned();
    }
    serde_json::Value::from(clean).to_string()
}

/// A count; what is beyond the databases' integers becomes their largest.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A duration in ns, limited.
pub(crate) fn duration_ns(value: u64) -> i64 {
    count(value).min(FURTHEST_NS)
}

/// An instant in ns from the job's start, limited.
pub(crate) fn instant_ns(value: i64) -> i64 {
    value.clamp(-FURTHEST_NS, FURTHEST_NS)
}

/// The column `time_window` of a row: 0 warm-up, 1 steady, 2 ramp-down.
pub(crate) fn time_window(number: u32) -> u8 {
    match window::window(number) {
        Some(Window::WarmUp) => 0,
        Some(Window::Steady) => 1,
        Some(Window::RampDown) | None => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_to_fit() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert_eq!(clean("ünï"), "ünï");
        assert_eq!(json("{}"), "");
        assert_eq!(json(r#"{"a":"b"}"#), r#"{"a":"b"}"#);
        assert_eq!(json(r#"{"a":"#), r#""{\"a\":""#);
        assert_eq!(count(u64::MAX), i64::MAX);
        assert_eq!(duration_ns(u64::MAX), i64::MAX / 4);
        assert_eq!(instant_ns(i64::MIN), -(i64::MAX / 4));
    }
}
