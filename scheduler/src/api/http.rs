//! The JSON API over HTTP; `docs/http-api.md` and the OpenAPI document describe it.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, QueryRejection, StringRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use futures::{Stream, StreamExt};
use heavy_results::config::Config;
use heavy_results::job::{AgentInfo, Checked, JobInfo, JobView};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;
use tokio_stream::wrappers::WatchStream;

use super::grpc::Service;
use super::status;
use crate::artifacts::{self, PAUSE_LIMIT};
use crate::job::error::Error;
use crate::job::load_change::LoadChange;

/// The description of this API, as it is served.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// A job document may have so many bytes.
const LONGEST_DOCUMENT: usize = 4 << 20;
const LIST_DEFAULT: u32 = 50;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// All routes.
pub(crate) fn router(service: Arc<Service>) -> axum::Router {
    axum::Router::new()
        .route("/api/v1/jobs", post(submit).get(list))
        .route("/api/v1/jobs/{job}", get(view))
        .route("/api/v1/jobs/{job}/stop", post(stop))
        .route("/api/v1/jobs/{job}/rate", post(rate))
        .route("/api/v1/jobs/{job}/pause", post(pause))
        .route("/api/v1/jobs/{job}/resume", post(resume))
        .route("/api/v1/jobs/{job}/params", post(params))
        .route("/api/v1/jobs/{job}/check", post(check))
        .route("/api/v1/jobs/{job}/progress", get(progress))
        .route("/api/v1/artifacts/{sha256}", put(upload).head(find_artifact))
        .route("/api/v1/configs", get(configs))
        .route(
            "/api/v1/configs/{config}",
            put(save_config).get(config).delete(delete_config),
        )
        .route("/api/v1/agents", get(agents))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/healthz", get(healthz))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(LONGEST_DOCUMENT))
        .with_state(service)
}

/// The answer that says what went wrong.
pub(crate) fn failure(status: StatusCode, kind: &str, message: &str) -> impl IntoResponse + use<> {
    (
        status,
        Json(json!({ "error": { "kind": kind, "message": message } })),
    )
}

/// An error on its way to the client.
#[derive(Debug)]
struct Failure(Error);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, kind) = status::http(&self.0);
        failure(status, kind, &self.0.to_string()).into_response()
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

type Desk = State<Arc<Service>>;

async fn submit(
    State(service): Desk,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let body = body.map_err(|rejection| Error::Request(rejection.body_text()))?;
    let text = std::str::from_utf8(&body).map_err(|_| {
        let problem = "it is not UTF-8".to_owned();
        Error::Spec(heavy_results::job::SpecError::Syntax(problem))
    })?;
    let key = headers.get(IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok());
    let job = service.desk.submit(text, key.unwrap_or_default()).await?;
    let location = format!("/api/v1/jobs/{}", job.id);
    Ok((StatusCode::CREATED, [("location", location)], Json(job)).into_response())
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    limit: Option<u32>,
}

async fn list(
    State(service): Desk,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Vec<JobInfo>>, Failure> {
    let Query(query) = query.map_err(|rejection| Error::Request(rejection.body_text()))?;
    Ok(Json(
        service.desk.list(query.limit.unwrap_or(LIST_DEFAULT)).await?,
    ))
}

async fn view(State(service): Desk, Path(job): Path<String>) -> Result<Json<JobView>, Failure> {
    Ok(Json(service.desk.view(&job).await?))
}

#[derive(Debug, Deserialize)]
struct StopQuery {
    #[serde(default)]
    now: bool,
}

async fn stop(
    State(service): Desk,
    Path(job): Path<String>,
    query: Result<Query<StopQuery>, QueryRejection>,
) -> Result<Json<JobInfo>, Failure> {
    let Query(query) = query.map_err(|rejection| Error::Request(rejection.body_text()))?;
    Ok(Json(service.desk.stop(&job, query.now).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRate {
    rate: String,
}

async fn rate(
    State(service): Desk,
    Path(job): Path<String>,
    body: Result<String, StringRejection>,
) -> Result<Json<JobInfo>, Failure> {
    let body = body.map_err(|rejection| Error::Request(rejection.body_text()))?;
    let NewRate { rate } = serde_json::from_str(&body)
        .map_err(|error| Error::Request(format!("write {{\"rate\": \"500\"}}: {error}")))?;
    let change = rate.parse().map_err(Error::Request)?;
    Ok(Json(service.desk.change(&job, change).await?))
}

async fn pause(State(service): Desk, Path(job): Path<String>) -> Result<Json<JobInfo>, Failure> {
    Ok(Json(service.desk.change(&job, LoadChange::Pause).await?))
}

async fn resume(State(service): Desk, Path(job): Path<String>) -> Result<Json<JobInfo>, Failure> {
    Ok(Json(service.desk.change(&job, LoadChange::Resume).await?))
}

async fn params(
    State(service): Desk,
    Path(job): Path<String>,
    body: Result<String, StringRejection>,
) -> Result<Json<JobInfo>, Failure> {
    let params = body.map_err(|rejection| Error::Request(rejection.body_text()))?;
    Ok(Json(service.desk.params(&job, params).await?))
}

async fn check(
    State(service): Desk,
    Path(job): Path<String>,
    body: Result<String, StringRejection>,
) -> Result<Json<Checked>, Failure> {
    let spec = body.map_err(|rejection| Error::Request(rejection.body_text()))?;
    Ok(Json(service.desk.check(&job, &spec).await?))
}

async fn progress(
    State(service): Desk,
    Path(job): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Failure> {
    let progress = service.desk.watch(&job).await?;
    let events = WatchStream::new(progress)
        .map(|progress| Event::default().json_data(progress))
        .take_until(service.shutdown.clone().cancelled_owned());
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

async fn upload(
    State(service): Desk,
    Path(sha256): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let mut upload = service.artifacts.upload(&sha256, announced).await?;
    let mut data = body.into_data_stream();
    loop {
        let next = timeout(PAUSE_LIMIT, data.next())
            .await
            .map_err(|_| artifacts::Error::Stalled)?;
        match next {
            Some(Ok(data)) => upload.write(&data).await?,
            Some(Err(error)) => return Err(artifacts::Error::Disk(std::io::Error::other(error)).into()),
            None => break,
        }
    }
    let needed = service.desk.needed_artifacts();
    let bytes = service.artifacts.finish(upload, &needed).await?;
    let stored = json!({ "sha256": sha256, "bytes": bytes });
    Ok((StatusCode::CREATED, Json(stored)).into_response())
}

async fn find_artifact(State(service): Desk, Path(sha256): Path<String>) -> StatusCode {
    match service.artifacts.find(&sha256).await {
        Ok(_) => StatusCode::OK,
        Err(error) => status::http(&Error::Artifact(error)).0,
    }
}

async fn configs(State(service): Desk) -> Result<Json<Vec<Config>>, Failure> {
    Ok(Json(service.configs.list().await?))
}

async fn config(State(service): Desk, Path(name): Path<String>) -> Result<Json<Config>, Failure> {
    Ok(Json(service.configs.find(&name).await?))
}

async fn save_config(
    State(service): Desk,
    Path(name): Path<String>,
    body: Result<String, StringRejection>,
) -> Result<Response, Failure> {
    let job = body.map_err(|rejection| Error::Request(rejection.body_text()))?;
    let (config, is_new) = service.configs.save(&name, service.clock.wall_ns(), &job).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(config)).into_response())
}

async fn delete_config(State(service): Desk, Path(name): Path<String>) -> Result<Json<Config>, Failure> {
    Ok(Json(service.configs.delete(&name).await?))
}

async fn agents(State(service): Desk) -> Json<Vec<AgentInfo>> {
    Json(service.fleet.agents())
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

async fn nothing_here() -> impl IntoResponse {
    let message = "there is nothing here: /api/v1/openapi.json describes what there is";
    failure(StatusCode::NOT_FOUND, "no-such-route", message)
}

async fn wrong_method() -> impl IntoResponse {
    let message = "this route has other methods: /api/v1/openapi.json describes them";
    failure(StatusCode::METHOD_NOT_ALLOWED, "method", message)
}
