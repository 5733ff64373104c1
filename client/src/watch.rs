//! A job's progress as it arrives from a scheduler.

use std::collections::VecDeque;
use std::time::Duration;

use heavy_results::progress::Progress;
use reqwest::Response;
use tokio::time::timeout;

use super::events::{Event, Events};
use super::{Error, http};

/// A stream without a byte for so long is taken for broken; comments count.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// A stream of progress.
#[derive(Debug)]
pub struct Watch {
    url: String,
    response: Response,
    events: Events,
    arrived: VecDeque<Event>,
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
        let Some(Event { data, id }) = self.arrived.pop_front() else {
            return Ok(None);
        };
        self.last = id;
        Ok(Some(serde_json::from_str(&data)?))
    }

    fn away(&self, problem: String) -> Error {
        Error::Unreachable {
            url: self.url.clone(),
            problem,
        }
    }
}
