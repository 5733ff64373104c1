//! The services directory: `services/NAME` is a load test with its `heavy.toml`, its variables and its workflows.
//!
//! Pure functions read files' content ([`manifest`], [`variables`], [`registered`]); the rest finds, reads and builds.

mod build;
mod find;
mod list;
mod manifest;
mod new;
mod registered;
mod run;
mod variables;

pub(crate) use find::{Home, Service};
pub(crate) use list::{ListArgs, list};
pub(crate) use new::{NewArgs, new};
pub(crate) use run::{Ready, Wish, prepare};

/// The file that defines a service's load.
const MANIFEST: &str = "heavy.toml";

const SERVICES: &str = "services";
