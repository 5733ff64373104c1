//! A job's progress as it arrives from a scheduler.

use std::collections::VecDeque;
use std::time::Duration;

use heavy_results::progress::Progress;
use reqwest::Response;
use tokio::time::timeout;

use super::events::{Events, ServerSentEvent};
use super::{Error, http};

/// A stream that is silent for this long counts as broken; comments count as activity.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// A stream of progress.
#[derive(Debug)]
pub struct Watch {
    url: String,
    response: Response,
    events: Events,
    arrived: VecDeque<ServerSentEvent>,
    last: Option<String>,
}

impl Watch {
    pub(super) fn new(url: String, response: Response) -> Self {
        Self {
            url,
            response,
            events: Events::default(),
            arrived: VecDeque::new(),
            last: None,
        }
    }

    /// The id of the last snapshot that was given, to continue after it.
    #[must_use]
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The next progress; `None` after the last.
    ///
    /// # Errors
    /// When the scheduler is gone, or silent for 30 s.
    pub async fn next(&mut self) -> Result<Option<Progress>, Error> {
        while self.arrived.is_empty() {
            let chunk = timeout(SILENCE_LIMIT, self.response.chunk())
                .await
                .map_err(|_| self.away(format!("nothing for {} s", SILENCE_LIMIT.as_secs())))?;
            let Some(bytes) = chunk.map_err(|error| self.away(http::innermost(&error)))? else {
                return Ok(None);
            };
            self.arrived
                .extend(self.events.push(&bytes).map_err(|_| Error::TooLong)?);
        }
        let Some(ServerSentEvent { data, id }) = self.arrived.pop_front() else {
            return Ok(None);
        };
        self.last = id;
        Ok(Some(serde_json::from_str(&data)?))
    }

    fn away(&self, problem: String) -> Error {
        let url = self.url.clone();
        Error::Unreachable { url, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of these parts, each after its number of seconds; then nothing forever.
    fn watch(parts: &'static [(u64, &'static str)]) -> Watch {
        let stream = futures::stream::unfold(parts, |parts| async move {
            let Some(((after_s, part), rest)) = parts.split_first() else {
                return std::future::pending().await;
            };
            tokio::time::sleep(Duration::from_secs(*after_s)).await;
            Some((Ok::<_, std::io::Error>(*part), rest))
        });
        let body = reqwest::Body::wrap_stream(stream);
        Watch::new(
            "http://127.0.0.1:1".to_owned(),
            ::http::Response::new(body).into(),
        )
    }

    const PROGRESS: &str = concat!(
        r#"data: {"job":"00000000-0000-0000-0000-000000000000","state":"running","reason":"","verdict":null,"agents":[],"#,
        r#""elapsed_s":1.0,"duration_s":9.0,"planned":9,"scheduled":1,"started":1,"ok":1,"failed":0,"dropped":0,"#,
        r#""in_flight":0,"asked_rate":1.0,"achieved_rate":1.0,"p50_ms":null,"p95_ms":null,"p99_ms":null}"#,
        "\n\n"
    );

    #[tokio::test(start_paused = true)]
    async fn comments_keep_a_stream_alive_and_silence_breaks_it() {
        let mut watch = watch(&[(20, "id: a-7\n"), (20, ": still there\n\n"), (20, PROGRESS)]);
        assert_eq!(watch.next().await.unwrap().unwrap().started, 1);
        assert_eq!(watch.last(), Some("a-7"));
        let began = tokio::time::Instant::now();
        let Err(Error::Unreachable { problem, .. }) = watch.next().await else {
            panic!("the stream is silent")
        };
        assert_eq!(problem, "nothing for 30 s");
        assert_eq!(began.elapsed().as_secs(), 30);
    }
}
