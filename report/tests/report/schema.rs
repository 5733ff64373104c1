//! Checks a document against `docs/summary.schema.json`: the part of JSON Schema 2020-12 that the schema uses.

use serde_json::Value;

/// What is wrong with the document, each with its place; a keyword of the schema that is not known here is wrong too.
pub(crate) fn problems(document: &Value) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/summary.schema.json");
    let root: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut problems = Vec::new();
    check(&root, &root, document, "", &mut problems);
    problems
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let mut wrong = |what: String| problems.push(format!("{at}: {what}"));
    for (keyword, argument) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema"
            | "$id"
            | "$defs"
            | "title"
            | "description"
            | "additionalProperties"
            | "patternProperties" => {}
            "$ref" => {
                let pointer = argument.as_str().unwrap().strip_prefix('#').unwrap();
                let target = root
                    .pointer(pointer)
                    .unwrap_or_else(|| panic!("no {pointer} in the schema"));
                check(root, target, value, at, problems);
                return;
            }
            "type" if !is_of(argument, value) => wrong(format!("{value} is not of type {argument}")),
            "const" if argument != value => wrong(format!("{value} is not {argument}")),
            "enum" if !argument.as_array().unwrap().contains(value) => {
                wrong(format!("{value} is not in {argument}"))
            }
            "minimum" if value.as_f64() < argument.as_f64() => wrong(format!("{value} is below {argument}")),
            "required" => {
                for name in argument.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        wrong(format!("{name} is missing"));
                    }
                }
            }
            "type" | "const" | "enum" | "minimum" | "properties" | "items" | "anyOf" => {}
            other => wrong(format!("the schema's keyword {other} is not known to this test")),
        }
    }
    check_members(root, schema, value, at, problems);
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let fits = choices.iter().any(|choice| {
            let mut of_choice = Vec::new();
            check(root, choice, value, at, &mut of_choice);
            of_choice.is_empty()
        });
        if !fits {
            problems.push(format!("{at}: {value} fits none of the choices"));
        }
    }
}

fn check_members(root: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        for (place, value) in values.iter().enumerate() {
            check(root, items, value, &format!("{at}/{place}"), problems);
        }
    }
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        let at = format!("{at}/{name}");
        let known = schema
            .get("properties")
            .and_then(|properties| properties.get(name));
        let digits = schema
            .get("patternProperties")
            .and_then(|patterns| patterns.get("^[0-9]+$"))
            .filter(|_| name.bytes().all(|byte| byte.is_ascii_digit()));
        match (known.or(digits), schema.get("additionalProperties")) {
            (Some(schema), _) => check(root, schema, value, &at, problems),
            (None, Some(Value::Bool(false))) => problems.push(format!("{at}: no such property")),
            (None, Some(schema)) if schema.is_object() => check(root, schema, value, &at, problems),
            (None, _) => {}
        }
    }
}

fn is_of(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("no type {other}"),
    };
    types
        .as_array()
        .map_or_else(|| is(types), |types| types.iter().any(is))
}
