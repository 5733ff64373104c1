//! What all assignments of an agent share.

use std::path::PathBuf;
use std::sync::Arc;

use heavy_load::vocabulary::SandboxLevel;
use heavy_plugin::program::Host;
use heavy_plugin::rpc::Anchor;
use heavy_proto::v1;
use heavy_proto::v1::fleet_client::FleetClient;
use tokio::sync::{mpsc, watch};
use tonic::transport::Channel;

use crate::cache::{ArtifactSource, Cache};
use crate::config::AgentConfig;
use crate::deliver::Delivery;
use crate::disk_quota::DiskQuota;
use crate::link::ClockEstimate;
use crate::orders::Assignment;
use heavy_process::clock;

#[derive(Debug)]
pub(crate) struct AgentShared {
    pub(crate) config: Arc<AgentConfig>,
    pub(crate) host: Host,
    /// What its load tests are kept from.
    pub(crate) sandbox: SandboxLevel,
    pub(crate) cache: Cache,
    pub(crate) delivery: Delivery,
    pub(crate) quota: DiskQuota,
    pub(crate) fleet: FleetClient<Channel>,
    pub(crate) updates: mpsc::Sender<v1::from_agent::Message>,
    pub(crate) clock: watch::Receiver<Option<ClockEstimate>>,
    pub(crate) work_dir: PathBuf,
    pub(crate) spool_dir: PathBuf,
    pub(crate) journal_dir: PathBuf,
}

impl AgentShared {
    /// How the scheduler's clock relates to the host's; until it was measured, as if they were the same.
    pub(crate) fn estimate(&self) -> ClockEstimate {
        self.clock.borrow().unwrap_or_else(|| ClockEstimate {
            wall_minus_monotonic_ns: i128::from(clock::wall_ns()) - i128::from(clock::monotonic_ns()),
            error_ns: 0,
        })
    }

    /// Where the binary and the files of an assignment are.
    pub(crate) fn artifacts_of(&self, assignment: &Assignment) -> ArtifactSource {
        ArtifactSource {
            fleet: self.fleet.clone(),
            dir: assignment.artifact_dir.clone(),
        }
    }

    /// An instant on the host's monotonic clock and on the scheduler's.
    pub(crate) fn anchor(&self, monotonic_ns: u64) -> Anchor {
        Anchor {
            monotonic_ns,
            wall_ns: self.estimate().wall_of(monotonic_ns),
        }
    }
}
