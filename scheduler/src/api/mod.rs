//! The operator API over HTTP ([`routes`]): JSON, uploads and server-sent events, for requests of this machine only
//! ([`guard`]). `docs/http-api.md` describes it, and so does the OpenAPI document that it serves.

mod artifacts;
mod body;
mod configs;
pub(crate) mod guard;
mod jobs;
mod progress;
mod refusal;
mod routes;
mod storage;

use std::sync::Arc;

use axum::extract::State;
use heavy_client::DataPlace;
use heavy_store::Store;
use tokio_util::sync::CancellationToken;

use crate::artifacts::Artifacts;
use crate::configs::Configs;
use crate::fleet::Fleet;
use crate::job::service::JobService;

pub(crate) use routes::router;

/// What the handlers of requests work with.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) jobs: Arc<JobService>,
    /// Answers what only looks at results.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) artifacts: Arc<Artifacts>,
    pub(crate) configs: Arc<Configs>,
    pub(crate) place: DataPlace,
    /// Drawn at each start, so that snapshots of an earlier scheduler are known as such.
    pub(crate) start_token: String,
    pub(crate) shutdown: CancellationToken,
}

/// How handlers take it.
type TheApi = State<Arc<Api>>;
