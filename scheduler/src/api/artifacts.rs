//! Uploads of binaries and files, streamed to the disk.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use futures::StreamExt;
use heavy_api::document::{Artifact, UploadQuery};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use tokio::time::timeout;

use super::TheApi;
use super::refusal::{Refusal, kind_of_artifact};
use crate::artifacts::{Error, PAUSE_LIMIT};

pub(super) async fn upload(
    State(api): TheApi,
    Path(sha256): Path<String>,
    query: Result<Query<UploadQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Artifact>), Refusal> {
    let Query(UploadQuery { kind }) =
        query.map_err(|rejection| crate::job::error::Error::Request(rejection.body_text()))?;
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let mut upload = api.artifacts.upload(kind, &sha256, announced).await?;
    let mut data = body.into_data_stream();
    loop {
        let next = timeout(PAUSE_LIMIT, data.next())
            .await
            .map_err(|_| Error::Stalled)?;
        match next {
            Some(Ok(data)) => upload.write(&data).await?,
            Some(Err(error)) => return Err(Error::Disk(std::io::Error::other(error)).into()),
            None => break,
        }
    }
    let needed = api.jobs.needed_artifacts().await?;
    let bytes = api.artifacts.finish(upload, needed).await?;
    Ok((StatusCode::CREATED, Json(Artifact { sha256, bytes })))
}

pub(super) async fn find(State(api): TheApi, Path(sha256): Path<String>) -> StatusCode {
    match api.artifacts.check(&sha256).await {
        Ok(_) => StatusCode::OK,
        Err(error) => StatusCode::from_u16(kind_of_artifact(&error).status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
