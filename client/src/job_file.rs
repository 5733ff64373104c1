//! Job files, TOML or JSON: their errors show the line. Pure.

use std::ops::Range;

use heavy_results::job::{Keys, RunSpec, SpecError};
use serde_json::Value;
use toml::de::DeTable;

use super::Fault;
use super::load_keys::{check_workflows, checked, thresholds, to_json};

/// Keys of stored jobs that a file may contain and that mean nothing in it.
const IGNORED: [&str; 3] = ["binary_sha256", "binary_name", "provenance"];

/// Words of go-load-tester's commands, which are translated all together.
const FOREIGN: [&str; 4] = ["testType", "attackDuration", "numMessages", "per"];

/// A key and its value, with their places in the text.
struct Entry {
    name: String,
    key: Range<usize>,
    value: Range<usize>,
    json: Value,
}

/// The document of a file; a binary in it is left out.
pub(crate) fn parse(text: &str, is_json: bool) -> Result<RunSpec, Fault> {
    let mut entries = if is_json {
        entries_of_json(text)?
    } else {
        entries_of_toml(text)?
    };
    entries.retain(|entry| !IGNORED.contains(&&*entry.name));
    let mut keys = Keys::new();
    for entry in &entries {
        keys.insert(entry.name.clone(), entry.json.clone());
        let is_foreign = FOREIGN.contains(&&*entry.name) || (entry.name == "labels" && entry.json.is_array());
        if !is_foreign {
            checked(
                &entry.name,
                entry.json.clone(),
                (entry.key.clone(), entry.value.clone()),
            )?;
        }
    }
    let place = |field: &str| {
        let entry = entries.iter().find(|entry| entry.name == field);
        entry.map(|entry| entry.value.clone())
    };
    RunSpec::from_client(Value::Object(keys)).map_err(|error| Fault {
        span: match &error {
            SpecError::Field { field, .. } => place(field),
            SpecError::WorkflowField { .. } => place("workflows"),
            SpecError::Syntax(_) => None,
        },
        problem: error.to_string(),
    })
}

fn entries_of_toml(text: &str) -> Result<Vec<Entry>, Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        problem: error.message().to_owned(),
        span: error.span(),
    })?;
    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        let name = key.get_ref().to_string();
        match &*name {
            // Each is checked where it stands.
            "thresholds" => drop(thresholds(value)?),
            "workflows" => check_workflows(value)?,
            _ => {}
        }
        let (key, json) = (key.span(), to_json(value)?);
        let value = value.span();
        entries.push(Entry {
            name,
            key,
            value,
            json,
        });
    }
    Ok(entries)
}

fn entries_of_json(text: &str) -> Result<Vec<Entry>, Fault> {
    let document: Value = serde_json::from_str(text).map_err(|error| {
        // serde_json puts the position into its text too; once is enough.
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default();
        Fault::at(place(text, error.line(), error.column()), problem)
    })?;
    let Value::Object(keys) = document else {
        return Err(Fault {
            problem: "expected a JSON object, such as {\"rate\": 10}".to_owned(),
            span: None,
        });
    };
    let entries = keys.into_iter().map(|(name, json)| {
        let key = key_in_json(text, &name);
        Entry {
            value: key.clone(),
            name,
            key,
            json,
        }
    });
    Ok(entries.collect())
}

/// The byte at a line and a column, both from 1.
fn place(text: &str, line: usize, column: usize) -> Range<usize> {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let at = (before + column.saturating_sub(1)).min(text.len());
    at..at + 1
}

/// The first place of a key; the start of the text if it is written with escapes.
fn key_in_json(text: &str, name: &str) -> Range<usize> {
    let quoted = Value::from(name).to_string();
    let mut places = text.match_indices(&quoted);
    let key = places.find(|(at, _)| text[at + quoted.len()..].trim_start().starts_with(':'));
    key.map_or(0..0, |(at, _)| at..at + quoted.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let fault = parse(text, text.starts_with('{')).unwrap_err();
        fault.show("job".as_ref(), text)
    }

    #[test]
    fn the_line_and_the_key_that_was_meant_are_shown() {
        for (text, expected) in [
            (
                "rate = 5\nduraton = \"1s\"\n",
                "job:2: unknown key `duraton`; did you mean `duration`?\n 2 | duraton = \"1s\"\n   | ^^^^^^^",
            ),
            (
                "{\"rate\": 5,\n \"duraton\": \"1s\"}",
                "job:2: unknown key `duraton`; did you mean `duration`?\n 2 |  \"duraton\": \"1s\"}\n   |  ^^^^^^^^^",
            ),
            ("rate = 5\nduration = \"abc\"\n", "job:2: duration: "),
            ("{\"rate\": 5,\n}", "job:2: "),
            ("rate = 5\n\nrate = 6\n", "job:3: "),
            ("rate = \"0\"\n", "job:1: rate: "),
            (
                "rate = 5\nthresholds = [\n  \"http_req_failed: rate<1%\",\n  \"nonsense\",\n]\n",
                "job:4: thresholds: ",
            ),
            (
                "duration = \"1s\"\n[[workflows]]\nname = \"a\"\nrate = 1\n[[workflows]]\nname = \"b\"\nspeed = 1\n",
                "job:7: workflows: unknown field `speed`, expected one of ",
            ),
        ] {
            let shown = shown(text);
            assert!(shown.starts_with(expected), "{text}: {shown}");
        }
    }

    #[test]
    fn json_is_an_object() {
        let fault = parse("[1]", true).unwrap_err();
        assert_eq!(
            fault.show("job".as_ref(), "[1]"),
            "job: expected a JSON object, such as {\"rate\": 10}"
        );
    }

    #[test]
    fn what_other_tools_and_stored_jobs_say_is_read() {
        let run = parse(
            "{\"numMessages\": 5, \"per\": \"1s\", \"attackDuration\": \"2s\", \"labels\": [[\"a\", \"b\"]], \"binary_name\": \"x\"}",
            true,
        )
        .unwrap();
        assert_eq!(run.load().planned(), 10);
        assert_eq!(run.labels["a"], "b");
    }
}
