//! Where the scheduler's data is, and how much space each part takes.

use axum::Json;
use axum::extract::State;
use heavy_api::document::StorageInfo;

use super::TheApi;
use super::refusal::Refusal;
use crate::job::error::Error;

pub(super) async fn storage(State(api): TheApi) -> Result<Json<StorageInfo>, Refusal> {
    let database = api.store.size().await?;
    // There may be many files to look at.
    let looked = tokio::task::spawn_blocking(move || api.place.look(database)).await;
    Ok(Json(looked.map_err(|error| Error::Request(error.to_string()))?))
}
