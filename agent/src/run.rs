//! An agent's whole life: opens its data directory, starts its threads, keeps its link, and passes orders to assignments.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::vocabulary::SandboxLevel;
use heavy_proto::net::MAX_MESSAGE_BYTES;
use heavy_proto::v1::fleet_client::FleetClient;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::assignment;
use crate::cache::Cache;
use crate::config::AgentConfig;
use crate::data_dir::AgentDirs;
use crate::deliver::Delivery;
use crate::disk_quota::DiskQuota;
use crate::link::{Link, LinkHandle, LoadLease, SchedulerLease};
use crate::orders::{Assignment, AssignmentCommand, Order};
use crate::recovery;
use crate::sandbox::privileges;
use crate::shared::AgentShared;
use crate::{Error, host};
use heavy_process::clock;

/// Commands that one assignment has not yet taken; there are a few in its whole life.
const QUEUE: usize = 16;

/// How often the lease is looked at.
const LEASE_LOOK: Duration = Duration::from_millis(50);

/// The grace of running iterations when the agent shuts down, and how long it waits for assignments to end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);

/// How long the last updates may take to reach the scheduler.
const LAST_UPDATES_LIMIT: Duration = Duration::from_secs(2);

/// Runs an agent until `shutdown` is cancelled: then running iterations get a short grace, results are delivered as
/// far as the collector takes them, and the rest stays on disk for the next start.
///
/// # Errors
/// When the configuration is wrong, the data directory cannot be used, or the scheduler refuses this agent for good. The
/// agent waits for a scheduler or collector that cannot be reached.
pub async fn run(config: AgentConfig, shutdown: CancellationToken) -> Result<(), Error> {
    config.check()?;
    config.sandbox.check(&config.data_dir)?;
    let sandbox = config.sandbox.level()?;
    if sandbox >= SandboxLevel::Basic {
        privileges::hide_this_process().map_err(Error::Exposed)?;
    }
    let config = Arc::new(config);
    let data_dir = AgentDirs::open(&config.data_dir)?;
    let url_error = |what, url: &str| Error::Url {
        what,
        url: url.to_owned(),
    };
    let endpoint = heavy_proto::net::endpoint(&config.scheduler)
        .map_err(|_| url_error("scheduler", &config.scheduler))?;
    // Only for binaries: the link has connections of its own.
    let fleet = FleetClient::new(endpoint.connect_lazy()).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let delivering_ends = CancellationToken::new();
    let (delivery, delivering) =
        Delivery::start(&config.collector, delivering_ends.clone()).map_err(Error::Thread)?;
    let quota = DiskQuota::new(config.spool_limit_bytes);
    deliver_left_over(&data_dir, &quota, &delivery).await;
    let host = host::host();
    let (link, mut handle) = Link::new(
        Arc::clone(&config),
        (host.clone(), sandbox),
        endpoint,
        delivery.backlogs.clone(),
    );
    let shared = Arc::new(AgentShared {
        host,
        sandbox,
        cache: Cache::new(data_dir.paths().cache(), config.cache_retention),
        delivery,
        quota,
        fleet,
        updates: handle.updates.clone(),
        clock: handle.clock.clone(),
        work_dir: data_dir.paths().work(),
        spool_dir: data_dir.paths().spool(),
        journal_dir: data_dir.paths().journal(),
        config,
    });
    let mut agent = RunningAgent {
        shared,
        lease: handle.lease.clone(),
        assignments: HashMap::new(),
        tasks: JoinSet::new(),
    };
    agent.trim_cache();
    let mut linked = tokio::spawn(link.run());
    let result = agent.serve(&mut handle, &mut linked, &shutdown).await;
    agent.end(&mut handle.orders).await;
    // The link ends when nobody can say anything more, and has said everything then.
    drop(agent);
    drop(handle.updates);
    if !linked.is_finished()
        && tokio::time::timeout(LAST_UPDATES_LIMIT, &mut linked)
            .await
            .is_err()
    {
        linked.abort();
    }
    delivering_ends.cancel();
    // It ends by itself once nobody has a handle; waiting keeps it from outliving the lock on the directory.
    let _ = tokio::task::spawn_blocking(move || {
        let _ = delivering.join();
        drop(data_dir);
    })
    .await;
    result
}

/// Passes what earlier runs of this agent left to delivery.
async fn deliver_left_over(data_dir: &AgentDirs, quota: &DiskQuota, delivery: &Delivery) {
    let (dirs, taken) = (data_dir.paths().clone(), quota.clone());
    // Reading a long journal takes too long for this thread.
    let spools = tokio::task::spawn_blocking(move || recovery::left_over(&dirs, &taken));
    for spool in spools.await.unwrap_or_default() {
        tracing::info!(
            job = spool.producer.job,
            "delivering results that an earlier run of this agent left"
        );
        drop(delivery.take_over(spool).await);
    }
}

struct RunningAgent {
    shared: Arc<AgentShared>,
    lease: SchedulerLease,
    assignments: HashMap<String, HeldAssignment>,
    /// Each returns its job and attempt.
    tasks: JoinSet<(String, u32)>,
}

/// The newest assignment of a job.
struct HeldAssignment {
    epoch: u32,
    commands: mpsc::Sender<AssignmentCommand>,
    lease: LoadLease,
    /// Whether the assignment knows that its lease is lost.
    told: bool,
}

impl RunningAgent {
    async fn serve(
        &mut self,
        handle: &mut LinkHandle,
        linked: &mut tokio::task::JoinHandle<Result<(), Error>>,
        shutdown: &CancellationToken,
    ) -> Result<(), Error> {
        let mut look = tokio::time::interval(LEASE_LOOK);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                ended = &mut *linked => return match ended {
                    Ok(ended) => ended,
                    Err(failed) => std::panic::resume_unwind(failed.into_panic()),
                },
                Some(order) = handle.orders.recv() => {
                    // A thawed agent gives its load up before it hears that others have it.
                    self.look_at_leases();
                    self.order(order);
                }
                Some(ended) = self.tasks.join_next() => {
                    self.trim_cache();
                    if let Ok((job, epoch)) = ended
                        && self.assignments.get(&job).is_some_and(|held| held.epoch == epoch)
                    {
                        self.assignments.remove(&job);
                    }
                }
                _ = look.tick(), if !self.assignments.is_empty() => self.look_at_leases(),
            }
        }
    }

    /// Tells the assignments whose lease is lost.
    fn look_at_leases(&mut self) {
        let now_ns = clock::boottime_ns();
        let lost = |held: &&mut HeldAssignment| !held.told && held.lease.is_lost(now_ns);
        for held in self.assignments.values_mut().filter(lost) {
            held.told = held.commands.try_send(AssignmentCommand::LeaseLost).is_ok();
        }
    }

    /// Removes what nobody has used for long.
    fn trim_cache(&self) {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || shared.cache.trim());
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Assign(assignment) => self.assign(*assignment),
            Order::Command(job, command) => self.command(&job, command),
        }
    }

    fn assign(&mut self, assignment: Assignment) {
        let (job, epoch) = (assignment.job.clone(), assignment.epoch);
        // After a reconnect a scheduler may repeat itself.
        if self.assignments.get(&job).is_some_and(|held| held.epoch >= epoch) {
            return;
        }
        let (commands, receiver) = mpsc::channel(QUEUE);
        let lease = self.lease.of_assignment();
        let held = HeldAssignment {
            epoch,
            commands,
            lease: lease.clone(),
            told: false,
        };
        self.assignments.insert(job.clone(), held);
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move {
            assignment::run(shared, assignment, lease, receiver).await;
            (job, epoch)
        });
    }

    fn command(&self, job: &str, command: AssignmentCommand) {
        let refused = match self.assignments.get(job) {
            Some(held) => held
                .commands
                .try_send(command)
                .err()
                .map(TrySendError::into_inner),
            None => Some(command),
        };
        if let Some(command) = refused {
            tracing::warn!(
                job,
                ?command,
                "the scheduler sent an order for a job that this agent does not run"
            );
        }
    }

    /// Stops all assignments and waits for them within a limit. The scheduler may stop them sooner.
    async fn end(&mut self, orders: &mut mpsc::Receiver<Order>) {
        for held in self.assignments.values() {
            let _ = held.commands.try_send(AssignmentCommand::Stop {
                grace_ns: u64::try_from(SHUTDOWN_GRACE.as_nanos()).unwrap_or(u64::MAX),
                end_ns: 0,
            });
        }
        let ended = async {
            loop {
                tokio::select! {
                    ended = self.tasks.join_next() => {
                        if ended.is_none() {
                            return;
                        }
                    }
                    Some(order) = orders.recv() => match order {
                        Order::Command(_, AssignmentCommand::Stop { .. }) => self.order(order),
                        Order::Assign(_) | Order::Command(..) => {
                            tracing::warn!(?order, "the agent ignores an order while it shuts down");
                        }
                    },
                }
            }
        };
        if tokio::time::timeout(SHUTDOWN_LIMIT, ended).await.is_err() {
            tracing::warn!("undelivered results stay on disk until this agent restarts");
        }
        self.tasks.shutdown().await;
    }
}
