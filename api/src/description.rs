//! The OpenAPI document, generated from the operations that are served.

use std::collections::BTreeMap;

use heavy_load::execution::ExecutionSpec;
use heavy_load::spec::LoadSpec;
use heavy_results::job::{JobSpec, RunSpec};
use heavy_results::schema::LoadTesterCommand;
use heavy_trust::Role;
use http::Method;
pub use utoipa::IntoParams;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, Schema,
};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Required, Response,
    ResponseBuilder, Server,
};
use utoipa::{PartialSchema, ToSchema};

use crate::document::{ConfigDocument, JobDocument, NoQuery};
use crate::error::{ApiErrorKind, Error};
use crate::operation::Operation;
use crate::payload::{Bytes, Events, Json, List, Optional};

mod parameters;

const ABOUT: &str = "Submit load tests, follow them, change their load while they run, and stop them. A request whose Host is \
                     not the loopback interface, or that comes from another site, is answered 403.";
const JSON: &str = "application/json";

/// The schemas that others refer to, by name.
type Schemas = Vec<(String, RefOr<Schema>)>;

/// A payload with a schema.
pub trait Described {
    /// Whether it has to be there.
    const REQUIRED: bool = true;

    /// Its media type and schema, if there is anything; the schemas that it refers to are added to `schemas`.
    fn content(schemas: &mut Schemas) -> Option<(&'static str, Content)>;
}

impl Described for () {
    fn content(_: &mut Schemas) -> Option<(&'static str, Content)> {
        None
    }
}

impl Described for Bytes {
    fn content(_: &mut Schemas) -> Option<(&'static str, Content)> {
        Some(("application/octet-stream", Content::new(None::<Schema>)))
    }
}

impl<T: ToSchema> Described for Json<T> {
    fn content(schemas: &mut Schemas) -> Option<(&'static str, Content)> {
        Some((JSON, Content::new(Some(reference::<T>(schemas)))))
    }
}

impl<T: ToSchema> Described for Optional<T> {
    const REQUIRED: bool = false;

    fn content(schemas: &mut Schemas) -> Option<(&'static str, Content)> {
        Json::<T>::content(schemas)
    }
}

impl<T: ToSchema> Described for List<T> {
    fn content(schemas: &mut Schemas) -> Option<(&'static str, Content)> {
        let items = ArrayBuilder::new().items(reference::<T>(schemas));
        Some((JSON, Content::new(Some(Schema::from(items)))))
    }
}

impl<T: ToSchema> Described for Events<T> {
    fn content(schemas: &mut Schemas) -> Option<(&'static str, Content)> {
        Some(("text/event-stream", Content::new(Some(reference::<T>(schemas)))))
    }
}

/// A reference to the schema of a type, which is added to `schemas` with all that it refers to.
fn reference<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

impl ToSchema for JobDocument {
    fn schemas(schemas: &mut Schemas) {
        reference::<JobSpec>(schemas);
        // The parts of a job, which are written into it.
        reference::<RunSpec>(schemas);
        reference::<LoadSpec>(schemas);
        reference::<ExecutionSpec>(schemas);
        LoadTesterCommand::schemas(schemas);
        let mut theirs = LoadTesterCommand::schema();
        if let RefOr::T(Schema::Object(theirs)) = &mut theirs {
            // The other fields are those of a job.
            theirs.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
        }
        schemas.push((LoadTesterCommand::name().into_owned(), theirs));
    }
}

impl PartialSchema for JobDocument {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .item(Ref::from_schema_name("JobSpec"))
            .item(Ref::from_schema_name("LoadTesterCommand"))
            .into()
    }
}

impl ToSchema for ConfigDocument {}

impl PartialSchema for ConfigDocument {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .description(Some(
                "the fields of JobSpec without binary_sha256, binary_name, env and provenance",
            ))
            .into()
    }
}

impl IntoParams for NoQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

/// The document of the operations added so far.
#[derive(Debug, Default)]
pub struct ApiDescription {
    paths: Paths,
    schemas: Schemas,
}

impl ApiDescription {
    /// Adds an operation.
    pub fn add<O>(&mut self)
    where
        O: Operation,
        O::Query: IntoParams,
        O::Body: Described,
        O::Answer: Described,
    {
        let mut operation = OperationBuilder::new()
            .operation_id(Some(O::ID))
            .summary(Some(O::SUMMARY))
            .description(Some(asked_role(O::ROLE)));
        for parameter in parameters::of_path(O::PATH)
            .chain(O::Query::into_params(|| Some(ParameterIn::Query)))
            .chain((O::ID == "submitJob").then(parameters::idempotency_key))
        {
            operation = operation.parameter(parameter);
        }
        if let Some((kind, content)) = O::Body::content(&mut self.schemas) {
            let required = if O::Body::REQUIRED {
                Required::True
            } else {
                Required::False
            };
            let body = RequestBodyBuilder::new()
                .content(kind, content)
                .required(Some(required));
            operation = operation.request_body(Some(body.build()));
        }
        for (status, what) in O::GOOD {
            let mut response = ResponseBuilder::new().description(*what);
            if *status != 204
                && let Some((kind, content)) = O::Answer::content(&mut self.schemas)
            {
                response = response.content(kind, content);
            }
            operation = operation.response(status.to_string(), response);
        }
        for (status, response) in self.errors(O::METHOD, O::ERRORS) {
            operation = operation.response(status.to_string(), response);
        }
        self.paths
            .add_path_operation(O::PATH, vec![described(O::METHOD)], operation.build());
    }

    /// The answers that refuse, by status.
    fn errors(&mut self, method: Method, kinds: &[ApiErrorKind]) -> BTreeMap<u16, Response> {
        let mut meanings: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for kind in kinds {
            meanings.entry(kind.status()).or_default().push(kind.meaning());
        }
        let response = |meanings: Vec<&str>| {
            let response = ResponseBuilder::new().description(meanings.join("; or "));
            match method {
                Method::HEAD => response.build(),
                _ => response
                    .content(JSON, Content::new(Some(reference::<Error>(&mut self.schemas))))
                    .build(),
            }
        };
        let (statuses, meanings): (Vec<u16>, Vec<Vec<&str>>) = meanings.into_iter().unzip();
        statuses
            .into_iter()
            .zip(meanings.into_iter().map(response))
            .collect()
    }

    /// The whole document.
    #[must_use]
    pub fn finish(mut self) -> OpenApi {
        self.schemas = inlined(&self.schemas);
        for (_, schema) in &mut self.schemas {
            // Nothing is answered that is not described.
            if let RefOr::T(Schema::Object(object)) = schema
                && !object.properties.is_empty()
                && object.additional_properties.is_none()
            {
                object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            }
        }
        OpenApiBuilder::new()
            .info(
                InfoBuilder::new()
                    .title("heavy scheduler")
                    .version("1")
                    .description(Some(ABOUT)),
            )
            .servers(Some([Server::new("http://127.0.0.1:7700")]))
            .paths(self.paths)
            .components(Some(
                ComponentsBuilder::new().schemas_from_iter(self.schemas).build(),
            ))
            .build()
    }
}

/// The schemas with those that consist of others (a job and how to run it) written as one object each; the others are
/// left out.
fn inlined(schemas: &Schemas) -> Schemas {
    let parts: Vec<&str> = schemas
        .iter()
        .flat_map(|(_, schema)| part_names(schema))
        .collect();
    let whole = schemas.iter().filter(|(name, _)| !parts.contains(&name.as_str()));
    let inline = |(name, schema): &(String, RefOr<Schema>)| {
        let schema = match schema {
            RefOr::T(Schema::AllOf(_)) => {
                let mut whole = Object::new();
                add_parts(schema, schemas, &mut whole);
                RefOr::T(Schema::Object(whole))
            }
            other => other.clone(),
        };
        (name.clone(), schema)
    };
    whole.map(inline).collect()
}

/// The schemas that one consists of.
fn part_names(schema: &RefOr<Schema>) -> Vec<&str> {
    let RefOr::T(Schema::AllOf(all)) = schema else {
        return Vec::new();
    };
    let parts = all.items.iter().flat_map(|part| match part {
        // A part that has defaults.
        RefOr::T(Schema::OneOf(one)) => one.items.as_slice(),
        other => std::slice::from_ref(other),
    });
    let names = parts.filter_map(|part| match part {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next(),
        RefOr::T(_) => None,
    });
    names.collect()
}

fn add_parts(schema: &RefOr<Schema>, schemas: &Schemas, whole: &mut Object) {
    match schema {
        RefOr::Ref(reference) => {
            let named = |(name, _): &&(String, RefOr<Schema>)| {
                reference.ref_location.rsplit('/').next() == Some(name.as_str())
            };
            if let Some((_, schema)) = schemas.iter().find(named) {
                add_parts(schema, schemas, whole);
            }
        }
        RefOr::T(Schema::AllOf(all)) => {
            for part in &all.items {
                add_parts(part, schemas, whole);
            }
            if all.description.is_some() {
                whole.description.clone_from(&all.description);
            }
        }
        RefOr::T(Schema::OneOf(one)) => {
            for part in &one.items {
                add_parts(part, schemas, whole);
            }
        }
        RefOr::T(Schema::Object(part)) => {
            whole.properties.extend(part.properties.clone());
            whole.required.extend(part.required.iter().cloned());
        }
        RefOr::T(_) => {}
    }
}

/// Who may ask.
fn asked_role(role: Option<Role>) -> String {
    match role {
        Some(role) => format!("Requires the role {role}."),
        None => "Requires no credential.".to_owned(),
    }
}

fn described(method: Method) -> HttpMethod {
    match method {
        Method::DELETE => HttpMethod::Delete,
        Method::HEAD => HttpMethod::Head,
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        _ => HttpMethod::Get,
    }
}
