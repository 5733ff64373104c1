//! Documents in the words of go-load-tester's commands, as its clients send them.

use serde_json::{Map, Value};

use super::document::SpecError;

/// The document in our words. One in which no word is foreign stays as it is.
pub(super) fn translate(value: Value) -> Result<Value, SpecError> {
    let Value::Object(mut document) = value else {
        return Ok(value);
    };
    rate(&mut document)?;
    for (theirs, ours) in [("testType", "workflows"), ("attackDuration", "duration")] {
        if let Some(value) = document.remove(theirs) {
            let value = if ours == "workflows" {
                Value::Array(vec![value])
            } else {
                value
            };
            if document.insert(ours.to_owned(), value).is_some() {
                return wrong(format!("{theirs} conflicts with {ours}: leave one out"));
            }
        }
    }
    if let Some(labels) = document.get_mut("labels")
        && let Value::Array(pairs) = labels
    {
        *labels = pairs_to_object(pairs)?;
    }
    Ok(Value::Object(document))
}

/// A number of messages per time unit becomes a rate.
fn rate(document: &mut Map<String, Value>) -> Result<(), SpecError> {
    let Some(messages) = document.remove("numMessages") else {
        return Ok(());
    };
    let per = document.remove("per").unwrap_or_else(|| Value::from("1s"));
    let (Some(messages), Some(per)) = (messages.as_u64(), per.as_str()) else {
        return wrong(
            "expected a whole number for numMessages and a duration for per, such as \"1s\"".to_owned(),
        );
    };
    let per: heavy_load::span::Span = per
        .parse()
        .map_err(|error: heavy_load::span::Error| SpecError::Syntax(format!("per: {error}")))?;
    let rate = heavy_load::rate::Rate::per(messages, per)
        .map_err(|error| SpecError::Syntax(format!("numMessages: {error}")))?;
    if document
        .insert("rate".to_owned(), Value::from(rate.to_string()))
        .is_some()
    {
        return wrong("numMessages conflicts with rate: leave one out".to_owned());
    }
    Ok(())
}

fn pairs_to_object(pairs: &[Value]) -> Result<Value, SpecError> {
    let pairs = pairs.iter().map(|pair| match pair.as_array().map(Vec::as_slice) {
        Some([Value::String(key), Value::String(value)]) => Ok((key.clone(), Value::from(value.clone()))),
        _ => wrong("labels: expected an object, or a list of pairs of strings".to_owned()),
    });
    Ok(Value::Object(pairs.collect::<Result<_, _>>()?))
}

fn wrong<T>(problem: String) -> Result<T, SpecError> {
    Err(SpecError::Syntax(problem))
}
