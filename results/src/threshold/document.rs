//! Thresholds in documents: a list of expressions, or k6's object of metrics.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{MOST, Threshold};

/// Reads `["http_req_duration: p(95)<500"]`, or `{"http_req_duration": ["p(95)<500", {"threshold": ...}]}` as k6
/// writes it.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Threshold>, D::Error> {
    deserializer.deserialize_any(ThresholdsVisitor)
}

/// k6's object for one condition.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct K6Condition {
    threshold: String,
    #[serde(default, rename = "abortOnFail")]
    abort_on_fail: bool,
    #[serde(default, rename = "delayAbortEval")]
    delay_abort_eval: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a condition such as \"p(95)<500\", or as k6's {\"threshold\": \"p(95)<500\", \
    \"abortOnFail\": true, \"delayAbortEval\": \"10s\"}"
)]
enum Condition {
    Short(String),
    K6Condition(K6Condition),
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a condition such as \"p(95)<500\", or a list of them"
)]
enum Conditions {
    One(Condition),
    Many(Vec<Condition>),
}

impl Condition {
    /// The equivalent expression.
    fn expression(self, metric: &str) -> String {
        match self {
            Self::Short(condition) => format!("{metric}: {condition}"),
            Self::K6Condition(long) => {
                let mut text = format!("{metric}: {}", long.threshold);
                if long.abort_on_fail {
                    text.push_str(" abort");
                }
                // Without abortOnFail k6 takes no notice of it.
                if let Some(delay) = long.delay_abort_eval.filter(|_| long.abort_on_fail) {
                    text.push_str(&format!(" delay {delay}"));
                }
                text
            }
        }
    }
}

struct ThresholdsVisitor;

impl<'de> Visitor<'de> for ThresholdsVisitor {
    type Value = Vec<Threshold>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a list of thresholds, such as [\"http_req_duration: p(95)<500\"], or k6's object of metrics",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut thresholds = Vec::new();
        while let Some(threshold) = list.next_element()? {
            thresholds.push(threshold);
            if thresholds.len() > MOST {
                break;
            }
        }
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(thresholds)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut thresholds = Vec::new();
        while let Some(metric) = object.next_key::<String>()? {
            let conditions = match object.next_value()? {
                Conditions::One(condition) => vec![condition],
                Conditions::Many(conditions) => conditions,
            };
            for condition in conditions {
                let text = condition.expression(&metric);
                let threshold = text
                    .parse()
                    .map_err(|error| A::Error::custom(format!("threshold {text:?}: {error}")))?;
                thresholds.push(threshold);
            }
        }
        Ok(thresholds)
    }
}
