//! The keys of a load in `heavy.toml`: those of a job file, each checked where it stands; values of TOML as texts and as
//! JSON. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use heavy_client::check_pattern;
use heavy_results::job::{Keys, RunSpec};
use heavy_results::nearest::nearest;
use heavy_results::threshold::Threshold;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

use super::Fault;

/// A load, and where in the file its keys are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::services) struct ManifestLoad {
    /// The keys of a job file.
    pub(in crate::services) keys: Keys,
    /// In place of those of the service.
    pub(in crate::services) thresholds: Option<Vec<Threshold>>,
    /// The values of the keys.
    pub(super) places: BTreeMap<String, Range<usize>>,
    /// The name of the table.
    pub(super) head: Range<usize>,
}

impl ManifestLoad {
    pub(super) fn read(head: Range<usize>, value: &Spanned<DeValue<'_>>) -> Result<Self, Fault> {
        let Some(table) = value.get_ref().as_table() else {
            let problem = "expected a table: write [load] or [profiles.NAME], and its keys below it";
            return Err(Fault::at(value.span(), problem));
        };
        let mut load = Self {
            head,
            ..Self::default()
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name == "thresholds" {
                load.thresholds = Some(thresholds(value)?);
                continue;
            }
            if let Some(problem) = elsewhere(name) {
                return Err(Fault::at(key.span(), problem));
            }
            let json = to_json(value)?;
            if let Err(problem) = alone(name, &json) {
                let at = if RunSpec::keys().contains(&name) {
                    value.span()
                } else {
                    key.span()
                };
                return Err(Fault::at(at, problem));
            }
            load.keys.insert(name.to_owned(), json);
            load.places.insert(name.to_owned(), value.span());
        }
        Ok(load)
    }
}

/// Thresholds, as a list of expressions or as k6's table of metrics.
pub(super) fn thresholds(value: &Spanned<DeValue<'_>>) -> Result<Vec<Threshold>, Fault> {
    let Some(list) = value.get_ref().as_array() else {
        let document = Keys::from_iter([("thresholds".to_owned(), to_json(value)?)]);
        return RunSpec::from_keys(document)
            .map(|run| run.thresholds)
            .map_err(|error| Fault::at(value.span(), format!("thresholds: {error}")));
    };
    let threshold = |value: &Spanned<DeValue<'_>>| {
        let problem = |problem| Fault::at(value.span(), format!("thresholds: {problem}"));
        text(value)?.parse().map_err(problem)
    };
    list.iter().map(threshold).collect()
}

/// Keys of a job file that are said otherwise of a service.
fn elsewhere(key: &str) -> Option<&'static str> {
    match key {
        "binary_sha256" | "binary_name" => Some("the binary is built from the service: leave this out"),
        "files" => Some("files are those of the service: write files = [...] at the top of the file"),
        "service" => Some(
            "the directory names the service: leave this out, or write name = \"...\" at the top of the file",
        ),
        _ => None,
    }
}

/// Whether a document with this key alone could be read.
fn alone(key: &str, value: &Value) -> Result<(), String> {
    let known = RunSpec::keys();
    if known.contains(&key) {
        let alone = Keys::from_iter([(key.to_owned(), value.clone())]);
        let read = RunSpec::from_keys(alone);
        return read.map(drop).map_err(|error| format!("{key}: {error}"));
    }
    Err(match nearest(key, known) {
        Some(meant) => format!("unknown key {key:?}; did you mean {meant:?}?"),
        None => format!(
            "unknown key {key:?}; the keys of a load are those of a job file, such as rate, duration, users, params"
        ),
    })
}

pub(super) fn text(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let text = value.get_ref().as_str();
    text.map(str::to_owned)
        .ok_or_else(|| Fault::at(value.span(), "expected a string in quotes, such as \"text\""))
}

pub(super) fn texts(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Fault> {
    let Some(list) = value.get_ref().as_array() else {
        let problem = "expected a list of strings, such as [\"one\", \"another\"]";
        return Err(Fault::at(value.span(), problem));
    };
    list.iter().map(text).collect()
}

/// Patterns of files, each checked.
pub(super) fn patterns(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Fault> {
    let Some(list) = value.get_ref().as_array() else {
        let problem = "expected a list of paths and patterns, such as [\"accounts.csv\", \"data/*.csv\"]";
        return Err(Fault::at(value.span(), problem));
    };
    let pattern = |value: &Spanned<DeValue<'_>>| {
        let pattern = text(value)?;
        let problem = |problem| Fault::at(value.span(), format!("files: {problem}"));
        check_pattern(&pattern).map_err(problem)?;
        Ok(pattern)
    };
    list.iter().map(pattern).collect()
}

/// Any value. Dates become texts.
pub(super) fn to_json(value: &Spanned<DeValue<'_>>) -> Result<Value, Fault> {
    let wrong = |problem: &str| Fault::at(value.span(), problem);
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map(Value::from)
            .map_err(|_| wrong("this number is too large"))?,
        DeValue::Float(float) => {
            let number: f64 = float
                .as_str()
                .parse()
                .map_err(|_| wrong("expected a finite number"))?;
            let number = serde_json::Number::from_f64(number);
            Value::Number(number.ok_or_else(|| wrong("a number here is finite"))?)
        }
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(datetime) => Value::from(datetime.to_string()),
        DeValue::Array(array) => Value::Array(array.iter().map(to_json).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| Ok((key.get_ref().to_string(), to_json(value)?)));
            Value::Object(entries.collect::<Result<Map<_, _>, _>>()?)
        }
    })
}
