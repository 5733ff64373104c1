//! Values of TOML as texts and as JSON, with faults at their places. Pure.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

use super::Fault;

pub(super) fn text(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let text = value.get_ref().as_str();
    text.map(str::to_owned)
        .ok_or_else(|| Fault::at(value.span(), "this is a text: write it in quotes, as in \"text\""))
}

pub(super) fn texts(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Fault> {
    let Some(list) = value.get_ref().as_array() else {
        let problem = "this is a list of texts: write it as [\"one\", \"another\"]";
        return Err(Fault::at(value.span(), problem));
    };
    list.iter().map(text).collect()
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
                .map_err(|_| wrong("this is no number that could be kept"))?;
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
