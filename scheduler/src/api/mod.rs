//! The operator API over HTTP ([`routes`]): JSON, uploads and server-sent events, for requests of this machine only
//! ([`guard`]). `docs/http-api.md` describes it, and so does the OpenAPI document that it serves.

mod artifacts;
mod configs;
pub(crate) mod guard;
mod jobs;
mod progress;
mod refusal;
mod routes;
mod state;

pub(crate) use routes::router;
pub(crate) use state::Api;
