//! The operator API: what a scheduler can be asked over HTTP, what it answers, and how it refuses.
//!
//! [`operation`] lists the operations: method, path, parameters, body, answer and errors of each, once. The scheduler
//! routes by them, the client calls by them, and with the feature `schema` the OpenAPI document is generated from them
//! (`description`). [`error`] holds the table of error kinds.

#[cfg(feature = "schema")]
pub mod description;
pub mod document;
pub mod error;
pub mod operation;
pub mod payload;
