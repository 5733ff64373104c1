//! A scheduler somewhere else, over gRPC.

use std::time::Duration;

use heavy_proto::net::{self, CHUNK_BYTES, MAX_MESSAGE_BYTES};
use heavy_proto::v1::artifact_upload::Part;
pub use heavy_proto::v1::change_request::Change;
use heavy_proto::v1::jobs_client::JobsClient;
use heavy_proto::v1::{
    AgentsRequest, ArtifactHeader, ArtifactRef, ArtifactUpload, ChangeRequest, CheckRequest, ConfigRef,
    ConfigsRequest, JobRef, ListRequest, ParamsRequest, SaveConfigRequest, StopRequest, SubmitRequest,
};
use heavy_results::config::Config;
use heavy_results::job::{AgentInfo, CheckSpec, Checked, JobInfo, JobSpec, JobView};
use heavy_results::progress::Progress;
use serde::de::DeserializeOwned;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;

use super::{Error, Program};

/// A question that takes longer is given up; uploads and watches take as long as they do.
const QUESTION_LIMIT: Duration = Duration::from_secs(30);
const CHUNKS_AHEAD: usize = 4;

/// A scheduler, by its URL. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Remote {
    url: String,
    jobs: JobsClient<Channel>,
}

impl Remote {
    /// Connects.
    ///
    /// # Errors
    /// When `url` is none, or nobody answers there.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::Usage(format!(
                "{url:?} is no URL of a scheduler: write one as in http://127.0.0.1:7700"
            ))
        };
        let parsed = url::Url::parse(url).map_err(|_| wrong())?;
        if parsed.scheme() != "http" || !parsed.has_host() {
            return Err(wrong());
        }
        let endpoint = net::endpoint(url).map_err(|_| wrong())?;
        let channel = endpoint.connect().await.map_err(|error| Error::Unreachable {
            url: url.to_owned(),
            problem: innermost(&error),
        })?;
        let jobs = JobsClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Ok(Self {
            url: url.to_owned(),
            jobs,
        })
    }

    /// Uploads a program, if the scheduler does not have it.
    ///
    /// # Errors
    /// When the file cannot be read, or the scheduler refuses it.
    pub async fn upload(&self, program: &Program) -> Result<(), Error> {
        let mut jobs = self.jobs.clone();
        if self.has(&program.sha256).await? {
            return Ok(());
        }
        let unreadable = |problem| Error::File {
            what: "read",
            file: program.file.clone(),
            problem,
        };
        let mut file = tokio::fs::File::open(&program.file).await.map_err(unreadable)?;
        let (parts, stream) = mpsc::channel(CHUNKS_AHEAD);
        let header = Part::Header(ArtifactHeader {
            name: program.name.clone(),
            sha256: program.sha256.clone(),
            bytes: program.bytes,
        });
        let reading = async {
            let mut part = header;
            while parts.send(ArtifactUpload { part: Some(part) }).await.is_ok() {
                let mut data = Vec::with_capacity(CHUNK_BYTES);
                (&mut file)
                    .take(CHUNK_BYTES as u64)
                    .read_to_end(&mut data)
                    .await?;
                if data.is_empty() {
                    break;
                }
                part = Part::Data(data);
            }
            drop(parts);
            Ok(())
        };
        let (read, uploaded) = tokio::join!(reading, jobs.upload_artifact(ReceiverStream::new(stream)));
        read.map_err(unreadable)?;
        uploaded.map_err(|status| self.failed(status))?;
        Ok(())
    }

    /// Submits a job whose program was uploaded; gives its id.
    ///
    /// # Errors
    /// When the scheduler refuses it.
    pub async fn submit(&self, spec: &JobSpec) -> Result<Uuid, Error> {
        let request = SubmitRequest {
            spec: serde_json::to_string(spec)?,
            idempotency_key: Uuid::new_v4().to_string(),
        };
        let reply = self.jobs.clone().submit(question(request)).await;
        let job = reply.map_err(|status| self.failed(status))?.into_inner().job;
        job.parse()
            .map_err(|_| Error::Answer(serde::de::Error::custom(format!("{job:?} is no job id"))))
    }

    /// A job (by id, unique prefix or `last`) and its summary.
    ///
    /// # Errors
    /// When there is no such job.
    pub async fn get(&self, job: &str) -> Result<JobView, Error> {
        let request = JobRef { job: job.to_owned() };
        let reply = self.jobs.clone().get(question(request)).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// The newest jobs, newest first.
    ///
    /// # Errors
    /// When the scheduler does not answer.
    pub async fn list(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
        let reply = self.jobs.clone().list(question(ListRequest { limit })).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// Has a job stopped, with its grace or `now`; gives it as it was then.
    ///
    /// # Errors
    /// When there is no such job.
    pub async fn stop(&self, job: &str, now: bool) -> Result<JobInfo, Error> {
        let request = StopRequest {
            job: job.to_owned(),
            now,
        };
        let reply = self.jobs.clone().stop_job(question(request)).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// Changes the load of a running job; gives it as it is then.
    ///
    /// # Errors
    /// When there is no such job, it does not run, or the change makes no sense.
    pub async fn change(&self, job: &str, change: Change) -> Result<JobInfo, Error> {
        let request = ChangeRequest {
            job: job.to_owned(),
            change: Some(change),
        };
        let reply = self.jobs.clone().change_job(question(request)).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// Gives the load tests of a running job new params (JSON).
    ///
    /// # Errors
    /// As [`Self::change`], and when they are no JSON.
    pub async fn params(&self, job: &str, params: &str) -> Result<JobInfo, Error> {
        let (job, params) = (job.to_owned(), params.to_owned());
        let reply = self
            .jobs
            .clone()
            .change_params(question(ParamsRequest { job, params }))
            .await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// Judges a job by thresholds.
    ///
    /// # Errors
    /// When there is no such job, or there are no thresholds.
    pub async fn check(&self, job: &str, spec: &CheckSpec) -> Result<Checked, Error> {
        let request = CheckRequest {
            job: job.to_owned(),
            spec: serde_json::to_string(spec)?,
        };
        let reply = self.jobs.clone().check_job(question(request)).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// Keeps a configuration, in the place of one of its name. `job` is a job document as JSON.
    ///
    /// # Errors
    /// When the scheduler refuses it.
    pub async fn save_config(&self, name: &str, job: &str) -> Result<Config, Error> {
        let (name, job) = (name.to_owned(), job.to_owned());
        let request = question(SaveConfigRequest { name, job });
        let reply = self.jobs.clone().save_config(request).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// A configuration.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn config(&self, name: &str) -> Result<Config, Error> {
        let name = name.to_owned();
        let reply = self.jobs.clone().get_config(question(ConfigRef { name })).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// All configurations, by name.
    ///
    /// # Errors
    /// When the scheduler does not answer.
    pub async fn configs(&self) -> Result<Vec<Config>, Error> {
        let reply = self.jobs.clone().list_configs(question(ConfigsRequest {})).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// Removes a configuration; gives what it was.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn delete_config(&self, name: &str) -> Result<Config, Error> {
        let name = name.to_owned();
        let reply = self
            .jobs
            .clone()
            .delete_config(question(ConfigRef { name }))
            .await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// Whether the scheduler still has a binary.
    ///
    /// # Errors
    /// When the scheduler does not answer.
    pub async fn has(&self, sha256: &str) -> Result<bool, Error> {
        let sha256 = sha256.to_owned();
        let found = self
            .jobs
            .clone()
            .find_artifact(question(ArtifactRef { sha256 }))
            .await;
        Ok(found.map_err(|status| self.failed(status))?.into_inner().present)
    }

    /// The connected agents, by name.
    ///
    /// # Errors
    /// When the scheduler does not answer.
    pub async fn agents(&self) -> Result<Vec<AgentInfo>, Error> {
        let reply = self.jobs.clone().list_agents(question(AgentsRequest {})).await;
        self.document(reply.map(|reply| reply.into_inner().json))
    }

    /// A job's progress, every second until its end.
    ///
    /// # Errors
    /// When there is no such job.
    pub async fn watch(&self, job: &str) -> Result<Watch, Error> {
        let request = JobRef { job: job.to_owned() };
        let reply = self.jobs.clone().watch(request).await;
        let stream = reply.map_err(|status| self.failed(status))?.into_inner();
        Ok(Watch {
            remote: self.clone(),
            stream,
        })
    }

    fn document<T: DeserializeOwned>(&self, reply: Result<String, Status>) -> Result<T, Error> {
        let json = reply.map_err(|status| self.failed(status))?;
        Ok(serde_json::from_str(&json)?)
    }

    fn failed(&self, status: Status) -> Error {
        use std::error::Error as _;
        if status.code() == Code::Unavailable || status.code() == Code::DeadlineExceeded {
            let problem = status
                .source()
                .map_or_else(|| status.message().to_owned(), innermost);
            return Error::Unreachable {
                url: self.url.clone(),
                problem,
            };
        }
        Error::Refused(status)
    }
}

/// A stream of progress.
#[derive(Debug)]
pub struct Watch {
    remote: Remote,
    stream: Streaming<heavy_proto::v1::JobProgress>,
}

impl Watch {
    /// The next progress; `None` after the last.
    ///
    /// # Errors
    /// When the scheduler is gone.
    pub async fn next(&mut self) -> Result<Option<Progress>, Error> {
        match self.stream.message().await {
            Ok(Some(progress)) => Ok(Some(serde_json::from_str(&progress.json)?)),
            Ok(None) => Ok(None),
            Err(status) => Err(self.remote.failed(status)),
        }
    }
}

fn question<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(QUESTION_LIMIT);
    request
}

/// What the system said, without the layers around it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
