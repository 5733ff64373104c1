//! The gRPC service of clients.

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use heavy_api::error::ErrorKind;
use heavy_load::exit_code;
use heavy_proto::v1::jobs_server::Jobs;
use heavy_proto::v1::{self, artifact_upload::Part};
use serde::Serialize;
use tokio::time::timeout;
use tokio_stream::wrappers::WatchStream;
use tonic::{Code, Request, Response, Status, Streaming};

use super::refusal::{kind, kind_of_artifact};
use super::state::Api;
use crate::artifacts::{self, PAUSE_LIMIT};
use crate::job::error::Error;
use crate::job::load_change::LoadChange;

/// Serves clients.
#[derive(Debug, Clone)]
pub(crate) struct Service(pub(crate) Arc<Api>);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Jobs for Service {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::JobProgress, Status>> + Send>>;

    async fn find_artifact(&self, request: Request<v1::ArtifactRef>) -> Reply<v1::ArtifactFound> {
        let found = match self.0.artifacts.find(&request.into_inner().sha256).await {
            Ok(bytes) => v1::ArtifactFound { present: true, bytes },
            Err(artifacts::Error::Unknown(_)) => v1::ArtifactFound::default(),
            Err(error) => return Err(artifact_status(&error)),
        };
        Ok(Response::new(found))
    }

    async fn upload_artifact(
        &self,
        request: Request<Streaming<v1::ArtifactUpload>>,
    ) -> Reply<v1::ArtifactFound> {
        let mut parts = request.into_inner();
        let Some(Part::Header(header)) = parts.message().await?.and_then(|message| message.part) else {
            return Err(Status::invalid_argument(
                "the first message of an upload must be its header",
            ));
        };
        let refused = |error| artifact_status(&error);
        let announced = Some(header.bytes);
        let mut upload = self
            .0
            .artifacts
            .upload(&header.sha256, announced)
            .await
            .map_err(refused)?;
        while let Some(message) = next(&mut parts).await? {
            match message.part {
                Some(Part::Data(data)) => upload.write(&data).await.map_err(refused)?,
                Some(Part::Header(_)) | None => {
                    return Err(Status::invalid_argument(
                        "an upload has one header, then only data",
                    ));
                }
            }
        }
        let needed = self.0.jobs.needed_artifacts();
        let bytes = self.0.artifacts.finish(upload, &needed).await.map_err(refused)?;
        Ok(Response::new(v1::ArtifactFound { present: true, bytes }))
    }

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Reply<v1::SubmitReply> {
        let request = request.into_inner();
        let job = self
            .0
            .jobs
            .submit(&request.spec, &request.idempotency_key)
            .await
            .map_err(|error| status(&error))?;
        Ok(Response::new(v1::SubmitReply {
            job: job.id.to_string(),
        }))
    }

    async fn watch(&self, request: Request<v1::JobRef>) -> Reply<Self::WatchStream> {
        let progress = self
            .0
            .jobs
            .watch(&request.into_inner().job)
            .await
            .map_err(|error| status(&error))?;
        let documents = WatchStream::new(progress)
            .map(|progress| {
                Ok(v1::JobProgress {
                    json: json(&progress.progress)?,
                })
            })
            .take_until(self.0.shutdown.clone().cancelled_owned());
        Ok(Response::new(Box::pin(documents)))
    }

    async fn get(&self, request: Request<v1::JobRef>) -> Reply<v1::Document> {
        let view = self.0.jobs.view(&request.into_inner().job).await;
        document(&view.map_err(|error| status(&error))?)
    }

    async fn list(&self, request: Request<v1::ListRequest>) -> Reply<v1::Document> {
        let jobs = self.0.jobs.list(request.into_inner().limit).await;
        document(&jobs.map_err(|error| status(&error))?)
    }

    async fn stop_job(&self, request: Request<v1::StopRequest>) -> Reply<v1::Document> {
        let request = request.into_inner();
        let job = self.0.jobs.stop(&request.job, request.now).await;
        document(&job.map_err(|error| status(&error))?)
    }

    async fn change_job(&self, request: Request<v1::ChangeRequest>) -> Reply<v1::Document> {
        use v1::change_request::Change as Wanted;
        let request = request.into_inner();
        let change = match request.change {
            Some(Wanted::Rate(rate)) => rate.parse().map_err(Status::invalid_argument)?,
            Some(Wanted::Pause(_)) => LoadChange::Pause,
            Some(Wanted::Resume(_)) => LoadChange::Resume,
            None => {
                return Err(Status::invalid_argument(
                    "say what to change: rate, pause or resume",
                ));
            }
        };
        let job = self.0.jobs.change(&request.job, change).await;
        document(&job.map_err(|error| status(&error))?)
    }

    async fn change_params(&self, request: Request<v1::ParamsRequest>) -> Reply<v1::Document> {
        let request = request.into_inner();
        let job = self.0.jobs.params(&request.job, request.params).await;
        document(&job.map_err(|error| status(&error))?)
    }

    async fn check_job(&self, request: Request<v1::CheckRequest>) -> Reply<v1::Document> {
        let request = request.into_inner();
        let checked = self
            .0
            .jobs
            .check(
                &request.job,
                &serde_json::from_str(&request.spec)
                    .map_err(|error| Status::invalid_argument(error.to_string()))?,
            )
            .await;
        document(&checked.map_err(|error| status(&error))?)
    }

    async fn save_config(&self, request: Request<v1::SaveConfigRequest>) -> Reply<v1::Document> {
        let request = request.into_inner();
        let now = self.0.clock.wall_ns();
        let saved = self.0.configs.save(&request.name, now, &request.job).await;
        document(&saved.map_err(|error| status(&error.into()))?.0)
    }

    async fn get_config(&self, request: Request<v1::ConfigRef>) -> Reply<v1::Document> {
        let found = self.0.configs.find(&request.into_inner().name).await;
        document(&found.map_err(|error| status(&error.into()))?)
    }

    async fn list_configs(&self, _: Request<v1::ConfigsRequest>) -> Reply<v1::Document> {
        let all = self.0.configs.list().await;
        document(&all.map_err(|error| status(&error.into()))?)
    }

    async fn delete_config(&self, request: Request<v1::ConfigRef>) -> Reply<v1::Document> {
        let deleted = self.0.configs.delete(&request.into_inner().name).await;
        document(&deleted.map_err(|error| status(&error.into()))?)
    }

    async fn list_agents(&self, _: Request<v1::AgentsRequest>) -> Reply<v1::Document> {
        document(&self.0.fleet.agents())
    }
}

async fn next(parts: &mut Streaming<v1::ArtifactUpload>) -> Result<Option<v1::ArtifactUpload>, Status> {
    timeout(PAUSE_LIMIT, parts.message())
        .await
        .unwrap_or_else(|_| Err(artifact_status(&artifacts::Error::Stalled)))
}

fn json(value: &impl Serialize) -> Result<String, Status> {
    serde_json::to_string(value).map_err(|error| Status::internal(error.to_string()))
}

fn document(value: &impl Serialize) -> Reply<v1::Document> {
    Ok(Response::new(v1::Document { json: json(value)? }))
}

fn code(kind: ErrorKind) -> Code {
    match (kind, kind.exit_code(), kind.status()) {
        (ErrorKind::ShuttingDown, ..) => Code::Unavailable,
        (ErrorKind::Stalled, ..) => Code::DeadlineExceeded,
        (_, exit_code::WRONG_USAGE, 404) => Code::NotFound,
        (_, exit_code::WRONG_USAGE, _) => Code::InvalidArgument,
        _ => Code::Internal,
    }
}

fn status(error: &Error) -> Status {
    Status::new(code(kind(error)), error.to_string())
}

fn artifact_status(error: &artifacts::Error) -> Status {
    Status::new(code(kind_of_artifact(error)), error.to_string())
}
