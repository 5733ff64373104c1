//! Requests about configurations.

use axum::Json;
use axum::extract::rejection::StringRejection;
use axum::extract::{Path, State};
use heavy_process::clock::wall_ns;
use heavy_results::config::Config;
use http::StatusCode;

use super::TheApi;
use super::refusal::Refusal;
use crate::job::error::Error;

pub(super) async fn list(State(api): TheApi) -> Result<Json<Vec<Config>>, Refusal> {
    Ok(Json(api.configs.list().await?))
}

pub(super) async fn get(State(api): TheApi, Path(name): Path<String>) -> Result<Json<Config>, Refusal> {
    Ok(Json(api.configs.find(&name).await?))
}

pub(super) async fn save(
    State(api): TheApi,
    Path(name): Path<String>,
    body: Result<String, StringRejection>,
) -> Result<(StatusCode, Json<Config>), Refusal> {
    let job = body.map_err(|rejection| Error::Request(rejection.body_text()))?;
    let (config, is_new) = api.configs.save(&name, wall_ns(), &job).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(config)))
}

pub(super) async fn delete(State(api): TheApi, Path(name): Path<String>) -> Result<Json<Config>, Refusal> {
    Ok(Json(api.configs.delete(&name).await?))
}
