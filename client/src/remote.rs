//! A scheduler, over its HTTP API.

use std::path::Path;
use std::time::Duration;

use heavy_api::document::{ControlledJob, NoQuery, StopQuery, UploadQuery};
use heavy_api::error::ApiErrorKind;
use heavy_api::operation::{self as op, Operation};
use heavy_api::payload::Payload;
use heavy_results::job::{JobInfo, JobSpec};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::watch::Watch;
use super::{Error, Program, http};

/// Bytes of an upload that are read at a time: small pieces cost more than what they carry.
const PIECE_BYTES: usize = 256 << 10;

/// A request that takes longer is given up; uploads and watches take as long as they do.
const QUESTION_LIMIT: Duration = Duration::from_secs(30);
/// So is one that stops or changes a job: schedulers answer it without the results database.
const CONTROL_LIMIT: Duration = Duration::from_secs(5);

/// A scheduler, by its URL. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Remote {
    url: String,
    client: Client,
}

impl Remote {
    /// Connects to the scheduler at `url`.
    ///
    /// # Errors
    /// When `url` is invalid, or no scheduler answers there.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let parsed = url::Url::parse(url).ok();
        if !parsed.is_some_and(|parsed| parsed.scheme() == "http" && parsed.has_host()) {
            return Err(Error::Usage(format!(
                "invalid scheduler URL `{url}`: expected one like http://127.0.0.1:7700"
            )));
        }
        let unreachable = |problem: String| Error::Unreachable {
            url: url.to_owned(),
            problem,
        };
        let tls = http::no_trust().map_err(|error| unreachable(error.to_string()))?;
        let client = http::client(tls).map_err(|error| unreachable(http::innermost(&error)))?;
        let remote = Self {
            url: url.trim_end_matches('/').to_owned(),
            client,
        };
        remote
            .within(CONTROL_LIMIT, remote.ask(op::GetHealth, ""))
            .await?;
        Ok(remote)
    }

    /// A server of tests, which speaks HTTP/1.1 alone.
    #[cfg(test)]
    pub(crate) fn of_test(url: String) -> Self {
        let tls = http::no_trust().unwrap();
        let client = Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(tls)
            .build();
        Self {
            url,
            client: client.unwrap(),
        }
    }

    /// The scheduler's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Uploads a program, if the scheduler does not have it.
    pub async fn upload(&self, program: &Program) -> Result<(), Error> {
        if self.has(&program.sha256).await? {
            return Ok(());
        }
        let query = UploadQuery::default();
        self.put(&program.sha256, &query, &program.file, program.bytes)
            .await
    }

    /// Uploads a file as the artifact of this hash.
    pub(super) async fn put(
        &self,
        sha256: &str,
        query: &UploadQuery,
        source: &Path,
        bytes: u64,
    ) -> Result<(), Error> {
        let file = tokio::fs::File::open(source).await;
        let file = file.map_err(|problem| Error::File {
            what: "read",
            file: source.to_owned(),
            problem,
        })?;
        let request = self
            .request::<op::UploadArtifact>(sha256, query)?
            .header(CONTENT_LENGTH, bytes)
            .body(Body::wrap_stream(ReaderStream::with_capacity(file, PIECE_BYTES)));
        self.good(self.send(request).await?).await?;
        Ok(())
    }

    /// Whether the scheduler still has a binary or a file.
    pub async fn has(&self, sha256: &str) -> Result<bool, Error> {
        let request = self.request::<op::FindArtifact>(sha256, &NoQuery {})?;
        let response = self.within_limit(self.send(request)).await?;
        if response.status().as_u16() == ApiErrorKind::NoSuchArtifact.status() {
            return Ok(false);
        }
        self.good(response).await?;
        Ok(true)
    }

    /// Submits a job whose program was uploaded; returns its id.
    pub async fn submit(&self, spec: &JobSpec) -> Result<Uuid, Error> {
        let request = self
            .request::<op::SubmitJob>("", &NoQuery {})?
            .header("idempotency-key", Uuid::new_v4().to_string())
            .header(CONTENT_TYPE, JSON)
            .body(serde_json::to_vec(spec)?);
        let job: JobInfo = self.within_limit(self.answer(request)).await?;
        Ok(job.id)
    }

    /// Has a job stopped, with its grace or `now`; returns it as it was before, and what was reached.
    pub async fn stop(&self, job: &str, now: bool) -> Result<ControlledJob, Error> {
        self.control(op::StopJob, job, &StopQuery { now }, Body::default())
            .await
    }

    /// As [`Self::stop`], all jobs that have not ended, newest first.
    pub async fn stop_all(&self, now: bool) -> Result<Vec<ControlledJob>, Error> {
        self.control(op::StopAllJobs, "", &StopQuery { now }, Body::default())
            .await
    }

    /// The jobs that have not ended, newest first, as the scheduler has them in memory.
    pub async fn running(&self) -> Result<Vec<JobInfo>, Error> {
        let asked = self.ask(op::ListRunningJobs, "");
        self.within(CONTROL_LIMIT, asked).await
    }

    /// As [`Self::ask_with`], of what a scheduler answers at once.
    pub(super) async fn control<O>(
        &self,
        operation: O,
        parameter: &str,
        query: &O::Query,
        body: Body,
    ) -> Result<<O::Answer as Payload>::Value, Error>
    where
        O: Operation<Query: Serialize, Answer: Payload<Value: DeserializeOwned>>,
    {
        let asked = self.ask_with(operation, parameter, query, body);
        self.within(CONTROL_LIMIT, asked).await
    }

    /// A job's progress, every second until its end; after the snapshot of the id `last`, only newer ones.
    pub async fn watch(&self, job: &str, last: Option<&str>) -> Result<Watch, Error> {
        let mut request = self.request::<op::WatchJob>(job, &NoQuery {})?;
        if let Some(last) = last.and_then(|last| HeaderValue::from_str(last).ok()) {
            request = request.header("last-event-id", last);
        }
        let opened = async { self.good(self.send(request).await?).await };
        let response = self.within_limit(opened).await?;
        Ok(Watch::new(self.url.clone(), response))
    }

    /// Asks for an operation without query and body, and returns its answer; `parameter` is that of the path.
    pub async fn ask<O>(&self, operation: O, parameter: &str) -> Result<<O::Answer as Payload>::Value, Error>
    where
        O: Operation<Query = NoQuery, Body = (), Answer: Payload<Value: DeserializeOwned>>,
    {
        self.ask_with(operation, parameter, &NoQuery {}, Body::default())
            .await
    }

    /// As [`Self::ask`], with a query and a body.
    pub(super) async fn ask_with<O>(
        &self,
        _: O,
        parameter: &str,
        query: &O::Query,
        body: Body,
    ) -> Result<<O::Answer as Payload>::Value, Error>
    where
        O: Operation<Query: Serialize, Answer: Payload<Value: DeserializeOwned>>,
    {
        let request = self
            .request::<O>(parameter, query)?
            .header(CONTENT_TYPE, JSON)
            .body(body);
        self.within_limit(self.answer(request)).await
    }

    fn request<O>(&self, parameter: &str, query: &O::Query) -> Result<RequestBuilder, Error>
    where
        O: Operation<Query: Serialize>,
    {
        let path = match O::PATH.split_once('{') {
            None => O::PATH.to_owned(),
            // A URL with one of these as a segment is another one.
            Some(_) if matches!(parameter, "" | "." | "..") => {
                return Err(Error::Usage(format!("invalid name `{parameter}`")));
            }
            Some((before, rest)) => {
                let after = rest.split_once('}').map_or("", |(_, after)| after);
                format!(
                    "{before}{}{after}",
                    utf8_percent_encode(parameter, NON_ALPHANUMERIC)
                )
            }
        };
        Ok(self
            .client
            .request(O::METHOD, format!("{}{path}", self.url))
            .query(query))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        request
            .send()
            .await
            .map_err(|error| self.away(http::innermost(&error)))
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let response = self.good(self.send(request).await?).await?;
        let body = http::body(response).await;
        let body = body.map_err(|error| self.away(http::innermost(&error)))?;
        Ok(serde_json::from_slice(&body.ok_or(Error::TooLong)?)?)
    }

    async fn within_limit<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.within(QUESTION_LIMIT, question).await
    }

    async fn within<T>(
        &self,
        limit: Duration,
        question: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let silent = |_| Err(self.away(format!("no answer for {} s", limit.as_secs())));
        timeout(limit, Box::pin(question)).await.unwrap_or_else(silent)
    }

    /// The answer, unless it refuses.
    async fn good(&self, response: Response) -> Result<Response, Error> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = http::body(response).await.ok().flatten().unwrap_or_default();
        let problem = match serde_json::from_slice::<heavy_api::error::Error>(&body) {
            Ok(refused) => refused.error,
            Err(_) => {
                return Err(self.away(format!("it answers {status}, which is not a scheduler's answer")));
            }
        };
        match ApiErrorKind::from_name(&problem.kind) {
            Some(ApiErrorKind::ShuttingDown | ApiErrorKind::Stalled) => Err(self.away(problem.message)),
            kind => Err(Error::Refused {
                kind,
                message: problem.message,
            }),
        }
    }

    pub(super) fn away(&self, problem: String) -> Error {
        Error::Unreachable {
            url: self.url.clone(),
            problem,
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(super) fn json(document: &(impl Serialize + ?Sized)) -> Result<Body, Error> {
    Ok(serde_json::to_vec(document)?.into())
}
