//! The keys of a load in files, each checked where it stands, and values of TOML as texts and as JSON. Pure.

use std::ops::Range;

use heavy_results::job::{Keys, RunSpec, WorkflowSpec};
use heavy_results::nearest::{did_you_mean, nearest};
use heavy_results::threshold::Threshold;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

use super::Fault;

/// The keys whose values are durations.
const DURATIONS: [&str; 5] = ["duration", "graceful_stop", "pacing", "timeout", "warm_up"];

/// The value of a key, if a document with this key alone can be read. The places are those of the key and of its value.
///
/// # Errors
/// Where the key is unknown, with the one that was probably meant; or where its value is wrong.
pub fn checked(name: &str, json: Value, (key, value): (Range<usize>, Range<usize>)) -> Result<Value, Fault> {
    let known = RunSpec::keys();
    if !known.contains(&name) {
        let shown = name.escape_debug();
        let problem = match nearest(name, known) {
            Some(meant) => format!("unknown key `{shown}`{}", did_you_mean(meant)),
            None => format!(
                "unknown key `{shown}`; the keys of a load are those of a job file, such as rate, duration, users, params"
            ),
        };
        return Err(Fault::at(key, problem));
    }
    let alone = Keys::from_iter([(name.to_owned(), json.clone())]);
    match RunSpec::from_keys(alone) {
        Ok(_) => Ok(json),
        Err(_) if takes_seconds(name, &json) => {
            let problem = format!("{name}: `{json}` has no unit: write \"{json}s\" for seconds");
            Err(Fault::at(value, problem))
        }
        Err(error) => {
            let error = error.to_string();
            let problem = error.strip_prefix(&format!("{name}: ")).unwrap_or(&error);
            Err(Fault::at(value, format!("{name}: {problem}")))
        }
    }
}

/// Whether this is a number that would be right as seconds.
fn takes_seconds(name: &str, json: &Value) -> bool {
    let in_seconds = Keys::from_iter([(name.to_owned(), Value::from(format!("{json}s")))]);
    json.is_number() && DURATIONS.contains(&name) && RunSpec::from_keys(in_seconds).is_ok()
}

/// Thresholds, as a list of expressions or as k6's table of metrics.
///
/// # Errors
/// The place of the first that is wrong.
pub fn thresholds(value: &Spanned<DeValue<'_>>) -> Result<Vec<Threshold>, Fault> {
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

/// Checks each workflow of a list by itself. A wrong key is marked where it stands.
///
/// # Errors
/// The place of the first that is wrong.
pub fn check_workflows(list: &Spanned<DeValue<'_>>) -> Result<(), Fault> {
    for workflow in list.get_ref().as_array().into_iter().flatten() {
        let place = (workflow.span(), workflow.span());
        let Err(fault) = checked("workflows", Value::from(vec![to_json(workflow)?]), place) else {
            continue;
        };
        let mut keys: Vec<_> = workflow.get_ref().as_table().into_iter().flatten().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in keys {
            let name = key.get_ref().as_ref();
            let mut alone = Keys::from_iter([("name".to_owned(), Value::from("a"))]);
            alone.insert(name.to_owned(), to_json(value)?);
            let place = if WorkflowSpec::keys().contains(&name) {
                value.span()
            } else {
                key.span()
            };
            checked(
                "workflows",
                Value::from(vec![Value::Object(alone)]),
                (place.clone(), place),
            )?;
        }
        return Err(fault);
    }
    Ok(())
}

/// A string.
///
/// # Errors
/// If it is something else.
pub fn text(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let text = value.get_ref().as_str();
    text.map(str::to_owned)
        .ok_or_else(|| Fault::at(value.span(), "expected a string in quotes, such as \"text\""))
}

/// A list of strings.
///
/// # Errors
/// If it is something else.
pub fn texts(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Fault> {
    let Some(list) = value.get_ref().as_array() else {
        let problem = "expected a list of strings, such as [\"one\", \"another\"]";
        return Err(Fault::at(value.span(), problem));
    };
    list.iter().map(text).collect()
}

/// Any value. Dates become texts.
///
/// # Errors
/// A number that JSON does not have.
pub fn to_json(value: &Spanned<DeValue<'_>>) -> Result<Value, Fault> {
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
