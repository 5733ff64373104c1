//! Which handler serves which operation. The description is generated from the same list, so that every served
//! operation is described.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use axum::{Json, Router};
use heavy_api::description::{ApiDescription, Described, IntoParams};
use heavy_api::document::Health;
use heavy_api::error::ApiErrorKind;
use heavy_api::operation::{self as op, Operation};

use super::Api;
use super::refusal::refuse;
use super::{artifacts, body, configs, jobs, progress, storage};

struct Routes {
    router: Router<Arc<Api>>,
    description: ApiDescription,
}

impl Routes {
    fn on<O, H, T>(mut self, _: O, handler: H) -> Self
    where
        O: Operation,
        O::Query: IntoParams,
        O::Body: Described,
        O::Answer: Described,
        H: Handler<T, Arc<Api>>,
        T: 'static,
    {
        let method = MethodFilter::try_from(O::METHOD).expect("operations have common methods");
        self.description.add::<O>();
        self.router = self.router.route(O::PATH, on(method, handler));
        self
    }

    /// Those so far get their bodies whole, in time.
    fn with_whole_bodies(mut self) -> Self {
        self.router = self.router.layer(from_fn(body::whole));
        self
    }

    /// Serves the description of all operations, its own included.
    fn describe(mut self) -> Router<Arc<Api>> {
        self.description.add::<op::GetDescription>();
        let document = self.description.finish();
        self.router
            .route(op::GetDescription::PATH, get(async || Json(document)))
    }
}

pub(crate) fn router(api: Arc<Api>) -> Router {
    let routes = Routes {
        router: Router::new(),
        description: ApiDescription::default(),
    };
    let routes = routes
        .on(op::SubmitJob, jobs::submit)
        .on(op::ListJobs, jobs::list)
        .on(op::GetJob, jobs::get)
        .on(op::ListLogLines, jobs::log_lines)
        .on(op::DeleteJob, jobs::delete)
        .on(op::PruneJobs, jobs::prune)
        .on(op::StopJob, jobs::stop)
        .on(op::StopAllJobs, jobs::stop_all)
        .on(op::ListRunningJobs, jobs::running)
        .on(op::ChangeRate, jobs::change_rate)
        .on(op::PauseJob, jobs::pause)
        .on(op::ResumeJob, jobs::resume)
        .on(op::ChangeParams, jobs::change_params)
        .on(op::CheckJob, jobs::check)
        .on(op::WatchJob, progress::watch)
        .on(op::FindArtifact, artifacts::find)
        .on(op::ListConfigs, configs::list)
        .on(op::SaveConfig, configs::save)
        .on(op::GetConfig, configs::get)
        .on(op::DeleteConfig, configs::delete)
        .on(op::ListAgents, jobs::agents)
        .on(op::GetStorage, storage::storage)
        .on(op::GetHealth, healthz)
        .with_whole_bodies()
        // An upload takes as long as it does, within its own limits.
        .on(op::UploadArtifact, artifacts::upload)
        .describe();
    routes
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        // Each route has limits of its own.
        .layer(DefaultBodyLimit::disable())
        .with_state(api)
}

async fn healthz() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

async fn nothing_here() -> Response {
    let message = "this path does not exist: /api/v1/openapi.json describes those that do";
    refuse(ApiErrorKind::NoSuchRoute, message)
}

async fn wrong_method() -> Response {
    let message = "this path does not have this method: /api/v1/openapi.json describes those it has";
    refuse(ApiErrorKind::Method, message)
}
