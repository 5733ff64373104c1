//! A field of an output line has a column, or a reason why it has none.

use serde_json::{Map, Value};

use crate::bed::Bed;

const SCHEMA: &str = include_str!("../../../docs/output-line.schema.json");

/// Fields without a column of their name: where they go instead.
const ELSEWHERE: [(&str, &str); 6] = [
    ("type", "says which line it is"),
    ("timestamp", "started_at"),
    ("slotWait", "the generator lag of roll-ups"),
    ("steps", "step_stats"),
    ("checks", "the relation checks"),
    ("iteration.errorKind", "the relation errors"),
];

pub(crate) async fn every_field_of_a_line_has_a_column(bed: &Bed) {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let relations = bed.open().await.relations().await.unwrap();
    for (line, relation) in [("request", "requests"), ("iteration", "iterations")] {
        let relation = relations.iter().find(|found| found.name == relation).unwrap();
        let has = |column: &str| relation.columns.iter().any(|found| found.name == column);
        for field in fields(schema["$defs"][line]["properties"].as_object().unwrap()) {
            let name = snake_case(&field);
            let is_column = ["", "_ms", "_at"]
                .iter()
                .any(|unit| has(&format!("{name}{unit}")));
            let is_elsewhere = ELSEWHERE
                .iter()
                .any(|(other, _)| *other == field || *other == format!("{line}.{field}"));
            assert!(
                is_column || is_elsewhere,
                "the field {field} of a {line} line is stored in no column of {}: add one, or say in this test where it goes",
                relation.name
            );
        }
    }
}

/// The names of all fields; those of an object's parts stand for it.
fn fields(properties: &Map<String, Value>) -> Vec<String> {
    let parts = |(name, field): (&String, &Value)| match field["properties"].as_object() {
        Some(parts) => fields(parts),
        None => vec![name.clone()],
    };
    properties.iter().flat_map(parts).collect()
}

/// `userID` as `user_id`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut was_upper = true;
    for c in name.chars() {
        if c.is_ascii_uppercase() && !was_upper {
            snake.push('_');
        }
        was_upper = c.is_ascii_uppercase();
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
