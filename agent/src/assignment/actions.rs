//! The actions of the [`machine`](super::machine), carried out on tasks whose ends are the next events.

use heavy_load::vocabulary::Ended;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use heavy_load::revision::Revision;
use heavy_plugin::rpc::deadline_in;
use heavy_proto::v1;
use heavy_proto::v1::from_agent::Message as Said;

use super::driver::{Driver, LAST_OUTPUT_LIMIT};
use super::machine::{Action, Event, Failure, Report};
use super::plan::{Plan, SharedPlan};
use super::release::Releaser;
use heavy_process::clock;

/// What a load test may take beyond the grace to interrupt what still runs and to flush.
const STOP_SLACK: Duration = Duration::from_secs(5);
const CLEANUP_LIMIT: Duration = Duration::from_secs(30);
const PARAMS_LIMIT: Duration = Duration::from_secs(30);

impl Driver {
    pub(super) async fn act(&mut self, action: Action) {
        match action {
            Action::Report(report) => self.report(report).await,
            Action::Release => {
                if let Err(failure) = self.release() {
                    let _ = self.events.send(Event::Broken(failure)).await;
                }
            }
            Action::EndAt(end_ns) => self.end_plan(end_ns),
            Action::Stop { grace_ns } => self.stop(grace_ns),
            Action::CleanUp => self.clean_up(),
            Action::EndProcess => self.end_process(),
            Action::Close(ended) => self.close(ended).await,
            Action::Forget => {}
        }
    }

    fn release(&mut self) -> Result<(), Failure> {
        let (Some(running), Some(live), Ok(spec)) = (&mut self.running, &self.live, &self.spec) else {
            return Err(internal("not prepared"));
        };
        let revision: Revision = serde_json::from_str(&self.assign.revision)
            .map_err(|error| internal(format!("the revision is none: {error}")))?;
        let agent = &self.shared.config.name;
        let plan = SharedPlan::new(Plan::new(spec.load(), agent, &revision));
        running.plan = Some(plan.clone());
        let releaser = Releaser {
            plan,
            clock: running.clock,
            client: live.client.clone(),
            workflows: live.workflows.clone(),
            results: Arc::clone(&live.results),
            in_flight: Arc::clone(&running.health.in_flight),
            out_of_data: AtomicBool::new(false),
        };
        let events = self.events.clone();
        running.releasing = Some(self.tasks.spawn(async move {
            let event = if releaser.run().await {
                Event::OutOfData
            } else {
                Event::AllDue
            };
            let _ = events.send(event).await;
        }));
        Ok(())
    }

    /// Ends releases, and has the load test stop.
    fn stop(&mut self, grace_ns: u64) {
        let (Some(running), Some(live)) = (&mut self.running, &self.live) else {
            return;
        };
        if let Some(releasing) = running.releasing.take() {
            releasing.abort();
        }
        running.health.releases_ended();
        running.results.freeze(clock::monotonic_ns());
        let (client, events) = (live.client.clone(), self.events.clone());
        let (results, life) = (Arc::clone(&live.results), live.process.life());
        self.tasks.spawn(async move {
            let limit = Duration::from_nanos(grace_ns) + STOP_SLACK;
            match client.stop(deadline_in(limit), grace_ns).await {
                Ok(stopped) => {
                    tracing::debug!(?stopped, "the load test has stopped");
                    let _ = events.send(Event::Stopped).await;
                }
                // An exit is told by who watches for it.
                Err(_) if life.borrow().exit().is_some() => {}
                Err(error) => {
                    let message = format!(
                        "the load test did not stop within its grace ({error}) and was killed; {}",
                        results.excerpts()
                    );
                    let _ = events.send(Event::Broken(died(message))).await;
                }
            }
        });
    }

    fn clean_up(&mut self) {
        let Some(live) = &self.live else { return };
        let (client, events) = (live.client.clone(), self.events.clone());
        let results = Arc::clone(&live.results);
        let agent = self.shared.config.name.clone();
        self.tasks.spawn(async move {
            let problem = match client.cleanup(deadline_in(CLEANUP_LIMIT)).await {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure.message),
                Err(error) => Some(error.to_string()),
            };
            if let Some(problem) = problem {
                tracing::warn!(problem, "the load test could not clean up");
                results.event("cleanup-failed", &agent, &problem);
            }
            let _ = events.send(Event::CleanedUp).await;
        });
    }

    /// Gives a running load test new params, and tells the scheduler whether it liked them.
    pub(super) fn new_params(&mut self, params: String) {
        let Some(live) = &self.live else { return };
        let (client, updates) = (live.client.clone(), self.shared.updates.clone());
        let job = self.assign.job.clone();
        self.tasks.spawn(async move {
            let failure = match serde_json::from_str(&params) {
                Ok(params) => match client.params(deadline_in(PARAMS_LIMIT), params).await {
                    Ok(Ok(())) => String::new(),
                    Ok(Err(failure)) => failure.message,
                    Err(error) => format!("the load test did not answer: {error}"),
                },
                Err(error) => format!("these params are no JSON: {error}"),
            };
            let _ = updates
                .send(Said::Params(v1::ParamsResult { job, failure }))
                .await;
        });
    }

    fn end_process(&mut self) {
        if let Some(releasing) = self.running.as_mut().and_then(|running| running.releasing.take()) {
            releasing.abort();
        }
        // A preparation under way takes what it has spawned with it.
        self.preparing.abort_all();
        let (live, events, dir) = (self.live.take(), self.events.clone(), self.dir.clone());
        self.tasks.spawn(async move {
            if let Some(live) = live {
                live.connection.abort();
                drop(live.client);
                live.process.end().await;
                if tokio::time::timeout(LAST_OUTPUT_LIMIT, live.output_ended.cancelled())
                    .await
                    .is_err()
                {
                    tracing::warn!("somebody who outlived the load test keeps its output open");
                }
            }
            // Nobody needs the folder; a next start clears what cannot be removed now.
            let _ = std::fs::remove_dir_all(dir);
            let _ = events.send(Event::Exited).await;
        });
    }

    async fn close(&mut self, ended: Ended) {
        let Some(running) = &self.running else { return };
        let name = &self.shared.config.name;
        if ended == Ended::Died {
            running.results.event("process-died", name, "");
        }
        let plan = running.plan.clone();
        // So many iterations may be left of a long job that they are counted elsewhere.
        let counted = tokio::task::spawn_blocking(move || {
            plan.map_or((0, Vec::new()), |plan| {
                let plan = plan.lock();
                (plan.end_ns(), plan.rest())
            })
        });
        let (until_ns, gaps) = match counted.await {
            Ok(counted) => counted,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        };
        let finished = running
            .results
            .finish(until_ns, &gaps, ended == Ended::Died, |closing| {
                closing.ended = Some(ended);
                closing.clock_offset_ns = running.offset_ns;
                closing.clock_error_ns = running.error_ns;
            });
        if let Err(error) = finished {
            tracing::error!(job = running.spool.identity.job, %error, "an assignment cannot be closed");
            let _ = self.events.send(Event::Undeliverable(error.to_string())).await;
        }
    }

    pub(super) async fn report(&self, report: Report) {
        let (state, failure) = match report {
            Report::Preparing => (v1::AssignmentState::Preparing, None),
            Report::Prepared => (v1::AssignmentState::Prepared, None),
            Report::Running => (v1::AssignmentState::Running, None),
            Report::Draining => (v1::AssignmentState::Draining, None),
            Report::Finished => (v1::AssignmentState::Finished, None),
            Report::Failed(failure) => (v1::AssignmentState::Failed, Some(failure)),
        };
        tracing::info!(
            job = self.assign.job,
            state = state.as_str_name(),
            ?failure,
            "assignment"
        );
        let mut update = v1::AssignmentUpdate {
            job: self.assign.job.clone(),
            epoch: self.assign.epoch,
            state: state.into(),
            sdk: self.sdk.clone(),
            ..v1::AssignmentUpdate::default()
        };
        if let Some(failure) = failure {
            update.failure_kind = failure.kind.to_owned();
            update.message = failure.message;
        }
        self.say(Said::Update(update)).await;
    }

    pub(super) async fn say(&self, said: Said) {
        // The link is gone only when the agent is shutting down.
        let _ = self.shared.updates.send(said).await;
    }
}

pub(super) fn internal(message: impl Into<String>) -> Failure {
    Failure {
        kind: "internal",
        message: message.into(),
    }
}

pub(super) fn died(message: String) -> Failure {
    Failure {
        kind: "died",
        message,
    }
}
