//! The JSON schemas that documents are checked against: those of `docs/`, and those inside of an OpenAPI document.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

/// A schema.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// Reads `docs/FILE`.
    ///
    /// # Panics
    /// When it does not exist, or is not a schema.
    #[must_use]
    pub fn of_docs(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let schema: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        Self::new(&schema, file)
    }

    /// A schema inside of an OpenAPI document, which may refer to the document's components.
    ///
    /// # Panics
    /// When it is not a schema.
    #[must_use]
    pub fn of_openapi(document: &Value, schema: &Value) -> Self {
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        Self::new(&schema, "the schema")
    }

    fn new(schema: &Value, name: &str) -> Self {
        if let Err(error) = jsonschema::meta::validate(schema) {
            panic!("{name} is not a valid schema: {error}");
        }
        let validator = jsonschema::options().should_validate_formats(true).build(schema);
        Self(validator.unwrap_or_else(|error| panic!("{name}: {error}")))
    }

    /// What is wrong with a document, each with its place.
    #[must_use]
    pub fn problems(&self, document: &Value) -> Vec<String> {
        let errors = self.0.iter_errors(document);
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }
}
