//! Parameters of paths and headers.

use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// The parameter that a path has, if it has one.
pub(super) fn of_path(path: &str) -> impl Iterator<Item = Parameter> {
    let name = path
        .split_once('{')
        .and_then(|(_, rest)| Some(rest.split_once('}')?.0));
    name.into_iter().map(|name| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let (text, what) = match name {
            "job" => (text, "an id, a unique prefix of an id, or `last`"),
            "sha256" => (text.pattern(Some("^[0-9a-f]{64}$")), "SHA-256 of the binary"),
            _ => (text, "letters, digits, -, _ and ."),
        };
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(what))
            .schema(Some(text))
            .build()
    })
}

/// The header that makes a submission repeatable.
pub(super) fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some("the same key returns the same job"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}
