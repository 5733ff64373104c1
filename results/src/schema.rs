//! Schemas of job documents where they differ from the types, for the API's description.

use std::collections::BTreeMap;

use heavy_load::schema::text;
use heavy_load::span::Span;
use serde_json::Value;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::job::{Samples, WorkflowSpec};
use crate::threshold::Threshold;

/// The workflows of a job document.
#[derive(Debug)]
pub struct Workflows;

impl ToSchema for Workflows {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        WorkflowSpec::schemas(schemas);
        schemas.push((WorkflowSpec::name().into_owned(), WorkflowSpec::schema()));
    }
}

impl PartialSchema for Workflows {
    fn schema() -> RefOr<Schema> {
        let workflow = OneOfBuilder::new()
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some("its name")),
            )
            .item(Ref::from_schema_name(WorkflowSpec::name()));
        ArrayBuilder::new()
            .items(workflow)
            .description(Some(
                "empty selects the load test's only one; responses have objects",
            ))
            .into()
    }
}

/// The thresholds of a job document.
#[derive(Debug)]
pub struct Thresholds;

impl ToSchema for Thresholds {}

impl PartialSchema for Thresholds {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .item(ArrayBuilder::new().items(Threshold::schema()))
            .item(ObjectBuilder::new().description(Some("in k6's form; responses have the list")))
            .description(Some(
                "conditions on the results, such as http_req_duration{step:pay}: p(95)<500 over 30s abort; \
                 docs/thresholds.md",
            ))
            .into()
    }
}

impl ToSchema for Threshold {}

impl PartialSchema for Threshold {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).into()
    }
}

impl ToSchema for Samples {}

impl PartialSchema for Samples {
    fn schema() -> RefOr<Schema> {
        text("^(all|errors|none|[0-9.]+%)$", "which raw rows are kept")
    }
}

/// The summary of a job.
#[derive(Debug)]
pub struct SummaryDocument;

impl ToSchema for SummaryDocument {}

impl PartialSchema for SummaryDocument {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().description(Some("docs/summary.schema.json describes it"));
        ["version", "job", "complete", "iterations"]
            .into_iter()
            .fold(object, ObjectBuilder::required)
            .into()
    }
}

/// A job in the words of go-load-tester's commands; its other fields are those of JobSpec, and no two may mean the same.
#[derive(Debug, ToSchema)]
pub struct LoadTesterCommand {
    /// SHA-256 of an uploaded binary.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub binary_sha256: String,
    /// For people.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The workflow.
    #[schema(rename = "testType")]
    pub workflow: Option<String>,
    /// The duration.
    #[schema(rename = "attackDuration")]
    pub duration: Option<Span>,
    /// Iteration starts per time unit.
    #[schema(rename = "numMessages", minimum = 1)]
    pub messages: Option<u64>,
    /// That time unit; 1s by default.
    pub per: Option<Span>,
    /// Any JSON, usually an object.
    pub params: Option<Value>,
    /// An object, or a list of pairs.
    pub labels: Option<Labels>,
}

/// The labels of a [`LoadTesterCommand`].
#[derive(Debug)]
pub struct Labels;

impl ToSchema for Labels {}

impl PartialSchema for Labels {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let pair = ArrayBuilder::new()
            .items(text())
            .min_items(Some(2))
            .max_items(Some(2));
        OneOfBuilder::new()
            .item(BTreeMap::<String, String>::schema())
            .item(ArrayBuilder::new().items(pair))
            .into()
    }
}
