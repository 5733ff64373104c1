//! The messages of an assignment to the scheduler.

use heavy_proto::v1;
use heavy_proto::v1::from_agent::Message as Said;
use tokio::sync::mpsc;

use super::failure::AssignmentFailure;

#[derive(Debug, Clone)]
pub(super) struct Reporter {
    updates: mpsc::Sender<Said>,
    job: String,
    epoch: u32,
    /// The load test's SDK, once it has said hello.
    pub(super) sdk: String,
}

impl Reporter {
    pub(super) const fn new(updates: mpsc::Sender<Said>, job: String, epoch: u32) -> Self {
        Self {
            updates,
            job,
            epoch,
            sdk: String::new(),
        }
    }

    /// Reports how far the assignment is.
    pub(super) async fn report(&self, state: v1::AssignmentState) {
        self.send_update(state, None).await;
    }

    pub(super) async fn fail(&self, failure: AssignmentFailure) {
        self.send_update(v1::AssignmentState::Failed, Some(failure)).await;
    }

    async fn send_update(&self, state: v1::AssignmentState, failure: Option<AssignmentFailure>) {
        tracing::info!(
            job = self.job,
            state = state.as_str_name().trim_start_matches("ASSIGNMENT_STATE_"),
            failure = failure.as_ref().map(|failure| &*failure.message),
            "assignment"
        );
        let mut update = self.update(state);
        update.sdk.clone_from(&self.sdk);
        if let Some(failure) = failure {
            update.failure_kind = failure.kind.to_owned();
            update.message = failure.message;
        }
        self.say(Said::Update(update)).await;
    }

    /// Reports that the load test has a splitter and waits for its part of the params.
    pub(super) async fn splits(&self) {
        let mut update = self.update(v1::AssignmentState::Preparing);
        update.splits = true;
        self.say(Said::Update(update)).await;
    }

    /// Answers a request to divide the params: one document for each agent, or why not.
    pub(super) async fn divided(&self, divided: Result<Vec<String>, String>) {
        let mut result = v1::SplitResult {
            job: self.job.clone(),
            ..v1::SplitResult::default()
        };
        match divided {
            Ok(params) => result.params = params,
            Err(failure) => result.failure = failure,
        }
        self.say(Said::Split(result)).await;
    }

    /// Answers new params: whether the load test accepted them.
    pub(super) async fn params(&self, accepted: Result<(), String>) {
        self.say(Said::Params(v1::ParamsResult {
            job: self.job.clone(),
            failure: accepted.err().unwrap_or_default(),
        }))
        .await;
    }

    /// Answers a revision: up to where everything had been released before it.
    pub(super) async fn revised(&self, number: u32, released_until_ns: u64) {
        self.say(Said::Revised(v1::RevisionAck {
            job: self.job.clone(),
            number,
            released_until_ns,
        }))
        .await;
    }

    fn update(&self, state: v1::AssignmentState) -> v1::AssignmentUpdate {
        v1::AssignmentUpdate {
            job: self.job.clone(),
            epoch: self.epoch,
            state: state.into(),
            ..v1::AssignmentUpdate::default()
        }
    }

    async fn say(&self, said: Said) {
        // The link is gone only when the agent is shutting down.
        let _ = self.updates.send(said).await;
    }
}
