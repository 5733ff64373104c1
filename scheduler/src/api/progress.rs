//! Watching a job by server-sent events.
//!
//! An event's id is `TOKEN-N`: the scheduler's start and the number of the snapshot. Who comes back with the id of the
//! last event that arrived gets the present snapshot if it is newer, and what follows; nothing is kept for anybody.

use std::future::ready;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderMap, StatusCode};
use tokio_stream::wrappers::WatchStream;

use super::TheApi;
use super::refusal::Refusal;
use crate::job::progress::Snapshot;

pub(super) async fn watch(
    State(api): TheApi,
    Path(job): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let snapshots = api.jobs.watch(&job).await?;
    let received = headers
        .get("last-event-id")
        .and_then(|id| number(id.to_str().ok()?, &api.start_token));
    if received == Some(Snapshot::LAST) {
        // Tells a browser not to come again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let token = api.start_token.clone();
    let events = WatchStream::new(snapshots)
        .filter(move |snapshot| ready(received.is_none_or(|received| snapshot.number > received)))
        .map(move |Snapshot { number, progress }| {
            Event::default()
                .id(format!("{token}-{number}"))
                .json_data(progress)
        })
        .take_until(api.shutdown.clone().cancelled_owned());
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// The number of a snapshot, if it is of this start of the scheduler.
fn number(id: &str, start_token: &str) -> Option<u32> {
    id.strip_prefix(start_token)?.strip_prefix('-')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_another_start_are_none() {
        assert_eq!(number("abc-17", "abc"), Some(17));
        for id in ["abd-17", "abc17", "abc-", "abc-x", ""] {
            assert_eq!(number(id, "abc"), None, "{id}");
        }
    }
}
