//! What a scheduler removes by itself: unused binaries and files, and results only if that is configured.

use std::sync::Arc;
use std::time::Duration;

use heavy_api::document::RetentionInfo;
use heavy_load::span::Span;
use heavy_process::clock::wall_ns;
use heavy_process::retention::Retention;
use heavy_store::{Deletion, Store};
use tokio::time::interval;

use crate::artifacts::Artifacts;
use crate::job::service::JobService;

/// How often the scheduler looks for what is kept no longer; first when it starts.
const PERIOD: Duration = Duration::from_secs(3600);

/// What of a scheduler's data stays, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Binaries and files that no queued or running job needs.
    pub artifacts: Retention,
    /// How long after its end a job is deleted with its results; `None`: never.
    pub results: Option<Span>,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self {
            artifacts: Retention {
                age: Duration::from_secs(30 * 86_400),
                bytes: 4_000_000_000,
            },
            results: None,
        }
    }
}

impl RetentionPolicy {
    /// The policy as clients see it.
    #[must_use]
    pub fn info(&self) -> RetentionInfo {
        let age_ns = u64::try_from(self.artifacts.age.as_nanos()).unwrap_or(u64::MAX);
        RetentionInfo {
            keep_binaries: Span::from_ns(age_ns),
            binaries_limit_bytes: self.artifacts.bytes,
            keep_results: self.results,
        }
    }
}

/// Applies the policy, now and then once an hour.
pub(crate) async fn keep(
    policy: RetentionPolicy,
    jobs: Arc<JobService>,
    artifacts: Arc<Artifacts>,
    store: Arc<dyn Store>,
) {
    let mut ticks = interval(PERIOD);
    loop {
        ticks.tick().await;
        match jobs.needed_artifacts().await {
            Ok(needed) => {
                if let Err(error) = artifacts.trim(needed).await {
                    tracing::warn!(%error, "cannot remove unused binaries and files");
                }
            }
            Err(error) => tracing::warn!(%error, "cannot tell which binaries and files are unused"),
        }
        let Some(age) = policy.results else { continue };
        let before_ns = wall_ns().saturating_sub(age.ns());
        match store.prune(before_ns, Deletion::Everything).await {
            Ok(jobs) if jobs.is_empty() => {}
            Ok(jobs) => tracing::info!(jobs = jobs.len(), "deleted old jobs with their results"),
            Err(error) => tracing::warn!(%error, "cannot delete old jobs"),
        }
    }
}
