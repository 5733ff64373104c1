//! A load test that is spawned and initialised: what it can be asked, each question on its own time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heavy_plugin::rpc::{Anchor, LoadTestClient};
use heavy_process::clock;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::answer;
use super::failure::AssignmentFailure;
use super::machine::AssignmentEvent;
use super::reporter::Reporter;
use crate::cache::Cached;
use crate::orders::WorkflowParams;
use crate::process::{Life, LoadTestProcess};
use crate::results::AssignmentResults;

/// What a load test may take beyond the grace to interrupt what still runs and to flush.
const STOP_SLACK: Duration = Duration::from_secs(5);
const CLEANUP_LIMIT: Duration = Duration::from_secs(30);
const PARAMS_LIMIT: Duration = Duration::from_secs(30);

/// How long the agent reads the last output of a load test that has exited.
const LAST_OUTPUT_LIMIT: Duration = Duration::from_secs(2);

/// How often the load test is asked whether it answers, and within which time it has to.
const ASK_EVERY: Duration = Duration::from_secs(1);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// How long the news of an exit may take after its first signs.
const EXIT_LIMIT: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct LiveTest {
    pub(super) process: LoadTestProcess,
    /// Keeps the binary in the cache.
    pub(super) _program: Cached,
    pub(super) client: LoadTestClient,
    /// Ends the RPC connection, which tells the load test that the agent is gone.
    pub(super) connection: AbortHandle,
    pub(super) results: Arc<AssignmentResults>,
    /// Cancelled when all of stdout was read.
    pub(super) stdout_ended: CancellationToken,
    /// Cancelled when all output was read.
    pub(super) output_ended: CancellationToken,
    pub(super) workflows: Vec<String>,
    pub(super) anchor: Anchor,
    pub(super) sdk: String,
}

impl LiveTest {
    /// Waits for the load test's exit, or the end of its stdout, and reads its last output. A load test that has closed
    /// its stdout is killed: nobody would know what it does.
    pub(super) fn exit(&self) -> impl Future<Output = AssignmentEvent> + use<> {
        let (mut life, results) = (self.process.life(), Arc::clone(&self.results));
        let (stdout_ended, output_ended) = (self.stdout_ended.clone(), self.output_ended.clone());
        let supervisor = self.process.supervisor();
        async move {
            let exited = life.clone();
            let closed = async {
                stdout_ended.cancelled().await;
                // The exit itself comes a little later.
                !has_exited(exited, EXIT_LIMIT).await
            };
            let closed = tokio::select! {
                closed = closed => closed,
                _ = life.wait_for(|life| matches!(life, Life::Gone(_))) => false,
            };
            results.freeze(clock::monotonic_ns());
            if closed {
                supervisor.kill();
            }
            let gone = life.wait_for(|life| matches!(life, Life::Gone(_))).await;
            let how = match gone.ok().and_then(|life| life.exit().cloned()) {
                _ if closed => {
                    "closed its stdout while it ran, so that no results came, and the agent killed it".into()
                }
                exit => exit.unwrap_or_default().to_string(),
            };
            let _ = tokio::time::timeout(LAST_OUTPUT_LIMIT, output_ended.cancelled()).await;
            let message = format!("the load test {how}; {}", results.excerpts());
            AssignmentEvent::Broken(AssignmentFailure::died(message))
        }
    }

    /// Returns when the load test answers no more; its exit is watched elsewhere.
    pub(super) fn silence(&self) -> impl Future<Output = AssignmentEvent> + use<> {
        let (client, life) = (self.client.clone(), self.process.life());
        let (results, supervisor) = (Arc::clone(&self.results), self.process.supervisor());
        async move {
            let mut answered = tokio::time::Instant::now();
            let error = loop {
                tokio::time::sleep_until(answered + ASK_EVERY).await;
                match answer::within(ANSWER_LIMIT, |context| client.describe(context)).await {
                    Ok(_) => answered = tokio::time::Instant::now(),
                    Err(error) if has_exited(life.clone(), EXIT_LIMIT).await => {
                        tracing::debug!(%error, "a load test that has exited was asked");
                        std::future::pending::<()>().await;
                    }
                    Err(error) => break error,
                }
            };
            results.freeze(clock::monotonic_ns());
            supervisor.kill();
            let seconds = ANSWER_LIMIT.as_secs();
            let message = format!(
                "the load test did not answer within {seconds} s ({error}) and the agent killed it; {}",
                results.excerpts()
            );
            AssignmentEvent::Broken(AssignmentFailure::died(message))
        }
    }

    /// Has it start nothing more and finish what runs within the grace. No event if it exits instead: [`Self::exit`]
    /// returns that.
    pub(super) fn stop(&self, grace_ns: u64) -> impl Future<Output = Option<AssignmentEvent>> + use<> {
        self.results.freeze(clock::monotonic_ns());
        let client = self.client.clone();
        let (results, life) = (Arc::clone(&self.results), self.process.life());
        async move {
            let limit = Duration::from_nanos(grace_ns) + STOP_SLACK;
            match answer::within(limit, |context| client.stop(context, grace_ns)).await {
                Ok(stopped) => {
                    tracing::debug!(?stopped, "the load test has stopped");
                    Some(AssignmentEvent::Stopped)
                }
                Err(_) if life.borrow().exit().is_some() => None,
                Err(error) => {
                    let excerpts = results.excerpts();
                    let message = format!(
                        "the load test did not stop within its grace ({error}) and the agent killed it; {excerpts}"
                    );
                    Some(AssignmentEvent::Broken(AssignmentFailure::died(message)))
                }
            }
        }
    }

    /// Has it clean up. A failure is an event of the job and changes nothing else.
    pub(super) fn clean_up(&self, agent: String) -> impl Future<Output = AssignmentEvent> + use<> {
        let (client, results) = (self.client.clone(), Arc::clone(&self.results));
        async move {
            let cleaned_up = answer::within(CLEANUP_LIMIT, |context| client.cleanup(context));
            let problem = match cleaned_up.await {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure.message),
                Err(error) => Some(error.to_string()),
            };
            if let Some(problem) = problem {
                tracing::warn!(problem, "the load test failed to clean up");
                results.event("cleanup-failed", &agent, &problem);
            }
            AssignmentEvent::CleanedUp
        }
    }

    /// Sends it new params, and tells the scheduler whether it accepted them.
    pub(super) fn new_params(
        &self,
        params: Result<WorkflowParams, String>,
        reporter: Reporter,
    ) -> impl Future<Output = ()> + use<> {
        let client = self.client.clone();
        async move {
            let accepted = match params {
                Ok(params) => match answer::within(PARAMS_LIMIT, |context| {
                    client.params(context, Value::Object(params))
                })
                .await
                {
                    Ok(answer) => answer.map_err(|failure| failure.message),
                    Err(error) => Err(format!("the load test did not answer: {error}")),
                },
                Err(problem) => Err(problem),
            };
            reporter.params(accepted).await;
        }
    }
}

async fn has_exited(mut life: watch::Receiver<Life>, limit: Duration) -> bool {
    let exited = life.wait_for(|life| life.exit().is_some());
    tokio::time::timeout(limit, exited).await.is_ok()
}

/// Ends the load test, if there is one, with all its children, and removes its directory.
pub(super) async fn end(live: Option<LiveTest>, dir: PathBuf) -> AssignmentEvent {
    if let Some(live) = live {
        live.connection.abort();
        drop(live.client);
        live.process.end().await;
        let output = tokio::time::timeout(LAST_OUTPUT_LIMIT, live.output_ended.cancelled());
        if output.await.is_ok() {
            live.results.journal().append_ended(clock::monotonic_ns());
        } else {
            tracing::warn!("a process that outlived the load test keeps its output open");
        }
        live.process.let_go().await;
    }
    // Nobody needs the directory; the agent's next start removes what cannot be removed now.
    let _ = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(dir)).await;
    AssignmentEvent::Exited
}
