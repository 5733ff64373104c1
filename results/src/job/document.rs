//! Documents as keys and values, their errors, and which keys belong to which type.

use heavy_load::spec::LoadSpecError;
use serde::de::{Deserializer, Visitor};
use serde_json::{Map, Value};

use crate::nearest::{did_you_mean, nearest};

/// The keys of a document and their values.
pub type Keys = Map<String, Value>;

/// What is wrong with a job document.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// Not JSON, not an object, a field unknown, missing or of a wrong type.
    #[error("the job document is not valid: {0}")]
    Syntax(String),
    /// A field has an impossible value.
    #[error("{field}: {problem}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A field of a workflow's own load has an impossible value.
    #[error("{field}: workflow `{workflow}`: {problem}")]
    WorkflowField {
        /// The workflow's name.
        workflow: String,
        /// The field's name.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl SpecError {
    /// The error of a field, as a result.
    pub(super) fn refuse<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Self> {
        let problem = problem.into();
        Err(Self::Field { field, problem })
    }
}

impl From<LoadSpecError> for SpecError {
    fn from(LoadSpecError { field, problem }: LoadSpecError) -> Self {
        Self::Field { field, problem }
    }
}

impl From<serde_json::Error> for SpecError {
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax(error.to_string())
    }
}

/// The names of the fields that a derived `deserialize` asks for.
pub(super) fn fields<T>(deserialize: impl FnOnce(Probe) -> Result<T, Fields>) -> &'static [&'static str] {
    deserialize(Probe).err().map_or(&[], |Fields(fields)| fields)
}

/// Takes the keys of these names out of a document.
pub(super) fn take(document: &mut Keys, names: &[&str]) -> Value {
    let taken = names.iter().filter_map(|name| document.remove_entry(*name));
    Value::Object(taken.collect())
}

/// Refuses the first unknown key.
pub(super) fn refuse_unknown<E: serde::de::Error>(document: &Keys, known: &[&str]) -> Result<(), E> {
    let Some(key) = document.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let shown = key.escape_debug();
    Err(E::custom(match nearest(key, known.iter().copied()) {
        Some(meant) => format!("unknown field `{shown}`{}", did_you_mean(meant)),
        None => format!("unknown field `{shown}`, expected one of {}", known.join(", ")),
    }))
}

/// A deserializer that answers a struct with the names of its fields, as an error.
pub(super) struct Probe;

/// The answer of a [`Probe`].
#[derive(Debug, thiserror::Error)]
#[error("fields {0:?}")]
pub(super) struct Fields(&'static [&'static str]);

impl serde::de::Error for Fields {
    fn custom<T: std::fmt::Display>(_message: T) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Fields;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Fields> {
        Err(Fields(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Fields> {
        Err(Fields(fields))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
