//! The flags with which a standalone load test is given its params and variables.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::Value;

/// Params and variables of the chosen workflows.
#[derive(Debug, Default, Args)]
pub(crate) struct WorkflowInputs {
    /// Parameter of the workflow; a VALUE that is not JSON is a string (can be repeated)
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = assignment)]
    params: Vec<(String, String)>,
    /// Environment variable of the workflow (can be repeated)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = assignment)]
    env: Vec<(String, String)>,
}

impl WorkflowInputs {
    /// The params as a JSON object; null when none are given.
    pub(crate) fn params(&self) -> Value {
        if self.params.is_empty() {
            return Value::Null;
        }
        let members = self.params.iter().map(|(key, text)| {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
            (key.clone(), value)
        });
        Value::Object(members.collect())
    }

    /// The variables by name.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        self.env.iter().cloned().collect()
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}
