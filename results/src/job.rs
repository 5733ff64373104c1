//! Job documents: what clients submit, and what the services answer about jobs.
//!
//! [`RunSpec`] describes how to run a load test; configurations, job files, `heavy.toml` and flags all contain its keys.
//! With a binary it is a [`JobSpec`], the document that is submitted and stored. Documents from several places are
//! merged key by key ([`merge`]) before they are read. All of it is JSON through serde.

mod check;
mod document;
mod files;
mod foreign;
mod info;
mod logged;
mod merge;
mod provenance;
mod run;
mod samples;
mod spec;
mod texts;
mod workflow;

#[cfg(test)]
mod tests;

pub use document::{Keys, SpecError};
pub use files::{JobFile, is_sha256};
pub use info::{AgentInfo, CheckSpec, Checked, JobInfo, JobState, JobView};
pub use logged::LoggedLine;
pub use merge::{drop_conflicts, merge, overlay};
pub use provenance::Provenance;
pub use run::RunSpec;
pub use samples::Samples;
pub use spec::JobSpec;
pub use texts::shortened_name;
pub use workflow::WorkflowSpec;
