//! The agent's stream to its scheduler: registered, kept alive by heartbeats, opened again when it breaks.

mod estimate;
mod heartbeats;
mod lease;
mod session;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::vocabulary::SandboxLevel;
use heavy_plugin::program::Host;
use heavy_proto::v1;
use heavy_proto::v1::from_agent::Message as Said;
use tokio::sync::{mpsc, watch};
use tonic::transport::Endpoint;
use tonic::{Code, Status};

use crate::backoff::Backoff;
use crate::config::AgentConfig;
use crate::deliver::Backlogs;
use crate::orders::Order;
use crate::{Error, host};
pub(crate) use estimate::ClockEstimate;
use heavy_process::clock;
pub(crate) use lease::{LoadLease, SchedulerLease};

/// Orders and updates that wait; both are few, and a link that cannot keep up is broken.
pub(crate) const QUEUE: usize = 256;

/// The number of assignments whose updates are repeated after a reconnect.
const REMEMBERED: usize = 32;

/// How long a scheduler may hold an old registration of the same name.
const NAME_LIMIT: Duration = Duration::from_secs(15);

/// The agent logs every n-th failure to reach the scheduler.
const COMPLAIN_EVERY: u32 = 20;

/// The two ends that the rest of the agent has.
#[derive(Debug)]
pub(crate) struct LinkHandle {
    /// What the scheduler wants, in order.
    pub(crate) orders: mpsc::Receiver<Order>,
    /// Messages to the scheduler, in order.
    pub(crate) updates: mpsc::Sender<Said>,
    /// How its clock relates to the host's; none until it was measured.
    pub(crate) clock: watch::Receiver<Option<ClockEstimate>>,
    /// Whether it still counts on this agent.
    pub(crate) lease: SchedulerLease,
}

#[derive(Debug)]
pub(crate) struct Link {
    config: Arc<AgentConfig>,
    host: Host,
    endpoint: Endpoint,
    instance: String,
    orders: mpsc::Sender<Order>,
    /// What its load tests are kept from.
    sandbox: SandboxLevel,
    updates: mpsc::Receiver<Said>,
    clock: watch::Sender<Option<ClockEstimate>>,
    backlogs: Backlogs,
    estimates: estimate::Estimates,
    lease: SchedulerLease,
    /// Whether the scheduler runs on this very kernel.
    one_kernel: bool,
    /// The newest update of each of the last assignments, the oldest first.
    said: Vec<v1::AssignmentUpdate>,
}

enum SessionEnd {
    /// The stream broke; the flag tells whether the agent had been registered.
    Broken(Status, bool),
    /// Nobody needs the link any more.
    Done,
}

impl Link {
    pub(crate) fn new(
        config: Arc<AgentConfig>,
        (host, sandbox): (Host, SandboxLevel),
        endpoint: Endpoint,
        backlogs: Backlogs,
    ) -> (Self, LinkHandle) {
        let (orders, orders_end) = mpsc::channel(QUEUE);
        let (updates_end, updates) = mpsc::channel(QUEUE);
        let (clock, clock_end) = watch::channel(None);
        let lease = SchedulerLease::new();
        let link = Self {
            config,
            host,
            sandbox,
            endpoint,
            instance: uuid::Uuid::new_v4().to_string(),
            orders,
            updates,
            clock,
            backlogs,
            estimates: estimate::Estimates::default(),
            lease: lease.clone(),
            one_kernel: false,
            said: Vec::new(),
        };
        let handle = LinkHandle {
            orders: orders_end,
            updates: updates_end,
            clock: clock_end,
            lease,
        };
        (link, handle)
    }

    /// Keeps the stream open until nobody needs it, or the scheduler refuses this agent for good.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        let mut backoff = Backoff::default();
        let mut failures = 0;
        let mut refused_since = None;
        loop {
            match self.session().await {
                SessionEnd::Done => return Ok(()),
                SessionEnd::Broken(status, registered) => {
                    if registered {
                        (backoff, failures, refused_since) = (Backoff::default(), 0, None);
                    }
                    let now_ns = clock::monotonic_ns();
                    if status.code() == Code::AlreadyExists {
                        refused_since.get_or_insert(now_ns);
                    }
                    if is_final(&status, refused_since, now_ns) {
                        return Err(Error::Refused {
                            url: self.config.scheduler.clone(),
                            message: status.message().to_owned(),
                        });
                    }
                    if failures % COMPLAIN_EVERY == 0 {
                        tracing::warn!(
                            scheduler = self.config.scheduler,
                            problem = problem(&status),
                            "no connection to the scheduler, trying again"
                        );
                    }
                    failures += 1;
                }
            }
            if !self.pause(backoff.next_pause()).await {
                return Ok(());
            }
        }
    }

    /// Waits while it records updates; false when nobody needs the link any more.
    async fn pause(&mut self, pause: Duration) -> bool {
        let over = tokio::time::sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return true,
                update = self.updates.recv() => match update {
                    Some(said) => self.note(&said),
                    None => return false,
                },
            }
        }
    }

    /// Remembers an update instead of the assignment's earlier one; answers need no repetition.
    fn note(&mut self, said: &Said) {
        let Said::Update(update) = said else { return };
        self.said
            .retain(|said| (&said.job, said.epoch) != (&update.job, update.epoch));
        self.said.push(update.clone());
        if self.said.len() > REMEMBERED {
            // What has load is what the scheduler must hear of first.
            let over = self.said.iter().position(is_over);
            self.said.remove(over.unwrap_or(0));
        }
    }

    fn register(&self) -> v1::Register {
        let mut held = BTreeMap::new();
        for said in self.said.iter().filter(|said| !is_over(said)) {
            let epoch: &mut u32 = held.entry(said.job.clone()).or_default();
            *epoch = said.epoch.max(*epoch);
        }
        let (jobs, epochs) = held.into_iter().unzip();
        v1::Register {
            name: self.config.name.clone(),
            instance: self.instance.clone(),
            labels: self.config.labels.clone().into_iter().collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cores: host::cores(),
            architecture: self.host.architecture.clone(),
            glibc: self
                .host
                .glibc
                .map_or_else(String::new, |version| version.to_string()),
            memory_bytes: host::memory_bytes(),
            jobs,
            epochs,
            sandbox: self.sandbox.to_string(),
        }
    }
}

/// Whether nothing of the assignment's load is left.
fn is_over(update: &v1::AssignmentUpdate) -> bool {
    matches!(
        update.state(),
        v1::AssignmentState::Delivering | v1::AssignmentState::Finished | v1::AssignmentState::Failed
    )
}

/// Whether trying again cannot help. A name that is taken may be this agent's own from before a restart.
fn is_final(status: &Status, refused_since_ns: Option<u64>, now_ns: u64) -> bool {
    match status.code() {
        Code::InvalidArgument | Code::PermissionDenied | Code::Unauthenticated | Code::Unimplemented => true,
        Code::AlreadyExists => refused_since_ns
            .is_some_and(|since_ns| Duration::from_nanos(now_ns.saturating_sub(since_ns)) > NAME_LIMIT),
        _ => false,
    }
}

/// The error with its cause, which tonic does not print.
fn problem(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        let config = AgentConfig::new("a", "http://127.0.0.1:1", "http://127.0.0.1:1", "/no/such");
        let endpoint = heavy_proto::net::endpoint(&config.scheduler).unwrap();
        Link::new(
            Arc::new(config),
            (host::host(), SandboxLevel::None),
            endpoint,
            Backlogs::default(),
        )
        .0
    }

    fn update(job: &str, epoch: u32, state: v1::AssignmentState) -> Said {
        Said::Update(v1::AssignmentUpdate {
            job: job.to_owned(),
            epoch,
            state: state.into(),
            ..v1::AssignmentUpdate::default()
        })
    }

    #[test]
    fn an_agent_that_comes_back_says_what_it_holds() {
        let mut link = link();
        link.note(&update("long", 2, v1::AssignmentState::Running));
        link.note(&update("long", 1, v1::AssignmentState::Draining));
        // The results of many short jobs were awaited, and came all at once.
        for n in 0..2 * REMEMBERED {
            link.note(&update(&format!("short-{n}"), 1, v1::AssignmentState::Finished));
        }
        let registered = link.register();
        assert_eq!(
            (registered.jobs, registered.epochs),
            (vec!["long".to_owned()], vec![2])
        );
        assert_eq!(link.said.len(), REMEMBERED);
    }

    #[test]
    fn some_refusals_are_final() {
        let limit_ns = NAME_LIMIT.as_nanos() as u64;
        for (status, since, expected) in [
            (Status::unavailable(""), None, false),
            (Status::invalid_argument(""), None, true),
            (Status::already_exists(""), Some(5), false),
            (Status::already_exists(""), Some(0), true),
        ] {
            assert_eq!(is_final(&status, since, limit_ns + 1), expected, "{status}");
        }
    }
}
