//! Requests about jobs and agents.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection, StringRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use heavy_api::document::{ControlledJob, ListQuery, LogQuery, NewRate, Prune, Pruned, StopQuery};
use heavy_process::clock::wall_ns;
use heavy_results::job::{AgentInfo, CheckSpec, Checked, JobInfo, JobView, LoggedLine, SpecError};
use heavy_store::{Deletion, find_job, judge, log_lines as log_lines_of};
use http::{HeaderMap, StatusCode};

use super::TheApi;
use super::refusal::Refusal;
use crate::job::error::Error;
use crate::job::load_change::LoadChange;

type ControlResponse = Result<Json<ControlledJob>, Refusal>;
type JobResponse = Result<Json<JobInfo>, Refusal>;

pub(super) async fn submit(
    State(api): TheApi,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|rejection| Error::Request(rejection.body_text()))?;
    let text = std::str::from_utf8(&body).map_err(|_| SpecError::Syntax("not UTF-8".to_owned()))?;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let job = api.jobs.submit(text, key.unwrap_or_default()).await?;
    let location = format!("/api/v1/jobs/{}", job.id);
    Ok((StatusCode::CREATED, [("location", location)], Json(job)).into_response())
}

pub(super) async fn list(
    State(api): TheApi,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Vec<JobInfo>>, Refusal> {
    let Query(query) = query.map_err(|rejection| Error::Request(rejection.body_text()))?;
    Ok(Json(api.store.jobs(query.limit()).await?))
}

pub(super) async fn get(State(api): TheApi, Path(job): Path<String>) -> Result<Json<JobView>, Refusal> {
    Ok(Json(api.jobs.view(&job).await?))
}

pub(super) async fn log_lines(
    State(api): TheApi,
    Path(job): Path<String>,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Json<Vec<LoggedLine>>, Refusal> {
    let Query(query) = query.map_err(|rejection| Error::Request(rejection.body_text()))?;
    let job = find_job(&*api.store, &job).await?;
    let lines = log_lines_of(&*api.store, job.id, query.from, LogQuery::LONGEST).await?;
    Ok(Json(lines))
}

pub(super) async fn delete(State(api): TheApi, Path(job): Path<String>) -> JobResponse {
    let job = find_job(&*api.store, &job).await?;
    api.store.delete_jobs(&[job.id], Deletion::Everything).await?;
    Ok(Json(job))
}

pub(super) async fn prune(
    State(api): TheApi,
    body: Result<String, StringRejection>,
) -> Result<Json<Pruned>, Refusal> {
    let prune: Prune =
        serde_json::from_str(&text(body)?).map_err(|error| Error::Request(error.to_string()))?;
    let before_ns = wall_ns().saturating_sub(prune.older_than.ns());
    let what = Deletion::rows_only_if(prune.rows_only);
    let jobs = api.store.prune(before_ns, what).await?;
    Ok(Json(Pruned { jobs }))
}

pub(super) async fn stop(
    State(api): TheApi,
    Path(job): Path<String>,
    query: Result<Query<StopQuery>, QueryRejection>,
) -> ControlResponse {
    let Query(query) = query.map_err(|rejection| Error::Request(rejection.body_text()))?;
    Ok(Json(api.jobs.stop(&job, query.now).await?))
}

pub(super) async fn stop_all(
    State(api): TheApi,
    query: Result<Query<StopQuery>, QueryRejection>,
) -> Result<Json<Vec<ControlledJob>>, Refusal> {
    let Query(query) = query.map_err(|rejection| Error::Request(rejection.body_text()))?;
    Ok(Json(api.jobs.stop_all(query.now).await?))
}

pub(super) async fn running(State(api): TheApi) -> Json<Vec<JobInfo>> {
    Json(api.jobs.unfinished())
}

pub(super) async fn change_rate(
    State(api): TheApi,
    Path(job): Path<String>,
    body: Result<String, StringRejection>,
) -> ControlResponse {
    let body = text(body)?;
    let NewRate { rate } = serde_json::from_str(&body)
        .map_err(|error| Error::Request(format!("expected {{\"rate\": \"500\"}}: {error}")))?;
    let change = rate.parse().map_err(Error::Request)?;
    Ok(Json(api.jobs.change(&job, change).await?))
}

pub(super) async fn pause(State(api): TheApi, Path(job): Path<String>) -> ControlResponse {
    Ok(Json(api.jobs.change(&job, LoadChange::Pause).await?))
}

pub(super) async fn resume(State(api): TheApi, Path(job): Path<String>) -> ControlResponse {
    Ok(Json(api.jobs.change(&job, LoadChange::Resume).await?))
}

pub(super) async fn change_params(
    State(api): TheApi,
    Path(job): Path<String>,
    body: Result<String, StringRejection>,
) -> ControlResponse {
    Ok(Json(api.jobs.params(&job, text(body)?).await?))
}

pub(super) async fn check(
    State(api): TheApi,
    Path(job): Path<String>,
    body: Result<String, StringRejection>,
) -> Result<Json<Checked>, Refusal> {
    let body = text(body)?;
    let spec = if body.trim().is_empty() {
        CheckSpec::default()
    } else {
        serde_json::from_str(&body).map_err(|error| Error::Request(error.to_string()))?
    };
    let job = find_job(&*api.store, &job).await?;
    let thresholds = spec.thresholds_for(&job.spec).map_err(Error::Request)?;
    Ok(Json(judge(&*api.store, &job, thresholds).await?))
}

pub(super) async fn agents(State(api): TheApi) -> Json<Vec<AgentInfo>> {
    Json(api.fleet.agents())
}

fn text(body: Result<String, StringRejection>) -> Result<String, Error> {
    body.map_err(|rejection| Error::Request(rejection.body_text()))
}
