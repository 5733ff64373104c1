//! How the texts of load are described to programs: patterns for the API's description.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::profile::Stage;
use crate::rate::Rate;
use crate::span::Span;
use crate::users::Users;

/// A text of this pattern.
#[must_use]
pub fn text(pattern: &str, description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .description(Some(description))
        .into()
}

/// One of these words.
pub(crate) fn words(words: &[&str]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
        .into()
}

impl ToSchema for Rate {}

impl PartialSchema for Rate {
    fn schema() -> RefOr<Schema> {
        text(
            "^[0-9.]+(/[smh])?$",
            "iteration starts per time unit: 100, 0.5/s, 6000/m",
        )
    }
}

impl ToSchema for Span {}

impl PartialSchema for Span {
    fn schema() -> RefOr<Schema> {
        text("^([0-9.]+(d|h|m|s|ms|us|ns))+$", "a duration: 30s, 1m30s, 500ms")
    }
}

impl ToSchema for Stage {}

impl PartialSchema for Stage {
    fn schema() -> RefOr<Schema> {
        text(
            "^[0-9a-z.]+:[0-9.]+(/[smh])?$",
            "a duration and the rate at its end: 30s:100; linear, or a jump with 0s",
        )
    }
}

impl ToSchema for Users {}

impl PartialSchema for Users {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(1_000_000));
        let stages = text("^[0-9a-z.:,]+$", "a number, or stages from 0 on: 30s:100,1m:100");
        OneOfBuilder::new()
            .item(stages)
            .item(number)
            .description(Some("number of users; responses have a string"))
            .into()
    }
}
