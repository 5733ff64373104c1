//! The whole process: its cores, and the job they work on.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use futures::future::join_all;
use heavy_load::vocabulary::WhenFull;
use heavy_plugin::ENV_FILES_READ;
use heavy_plugin::rpc::{
    Accepted, Description, Failure, Prepared, Release, Setup, Stopped, WorkflowDescription,
};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::core::Core;
use super::dealer::{Dealer, cores_of_workflows};
use super::failure::{core_is_gone, failure, prepared_twice};
use super::job::Job;
use super::lease::Lease;
use super::orders::{CoreOrder, follow};
use super::shared::{HarnessOptions, SDK, Shared};
use super::slots::Slots;
use super::workflow::Workflow;
use super::writer::Writer;
use crate::env;

/// Maximum number of orders that wait for a busy core.
const MAX_ORDERS: usize = 1_024;

/// A load test, run by an agent or by itself.
#[derive(Debug)]
pub(crate) struct Process {
    pub(super) shared: Arc<Shared>,
    prepared: OnceLock<Prepare>,
}

/// A job that is being worked on.
#[derive(Debug)]
pub(super) struct Prepare {
    cores: Vec<mpsc::Sender<CoreOrder>>,
    /// The workflows of the job, as places in the server.
    workflows: Vec<usize>,
    anchor_ns: u64,
    /// Of workflows with identities: over how many cores those are spread.
    cores_of_workflows: HashMap<usize, usize>,
    dealer: Mutex<Dealer>,
}

impl Prepare {
    /// Over how many cores the iterations of a workflow are dealt.
    pub(super) fn dealt_to(&self, workflow: usize) -> usize {
        self.cores_of_workflows
            .get(&workflow)
            .copied()
            .unwrap_or(self.cores.len())
    }
}

impl Process {
    pub(crate) fn new(workflows: Vec<Workflow>, options: HarnessOptions, writer: Arc<Writer>) -> Self {
        let slots = Slots::new(options.cores);
        let workflows = workflows.into();
        let shared = Shared {
            workflows,
            options,
            slots,
            writer,
            data_ended: Arc::default(),
            lease: Lease::default(),
        };
        Self {
            shared: Arc::new(shared),
            prepared: OnceLock::new(),
        }
    }

    pub(crate) fn describe(&self) -> Description {
        let workflows = self.shared.workflows.iter();
        Description {
            sdk: SDK.to_owned(),
            workflows: workflows
                .map(|workflow| WorkflowDescription {
                    name: workflow.name.clone(),
                    splits: workflow.splitter.is_some(),
                })
                .collect(),
        }
    }

    /// Takes a job: starts the cores and runs `init` of its workflows.
    pub(crate) async fn prepare(&self, setup: Setup) -> Result<Prepared, Failure> {
        if self.is_prepared() {
            return Err(prepared_twice());
        }
        let workflows = setup
            .workflows
            .iter()
            .map(|workflow| self.workflow_place(&workflow.name));
        let workflows: Vec<_> = workflows.collect::<Result<_, _>>()?;
        let none = Arc::new(Value::Null);
        let mut params: Vec<_> = self.shared.workflows.iter().map(|_| Arc::clone(&none)).collect();
        for (&place, workflow) in workflows.iter().zip(&setup.workflows) {
            params[place] = Arc::new(workflow.params.clone());
        }
        let mut env = BTreeMap::new();
        let unread = !setup.env.contains_key(ENV_FILES_READ);
        for &workflow in workflows.iter().filter(|_| unread) {
            if let Some(path) = self.shared.workflows[workflow].runner.declared_env_file() {
                env.extend(env::read_file(&path).map_err(|error| failure("init", error.to_string()))?);
            }
        }
        self.shared.slots.set_limit(setup.max_in_flight);
        let anchor_ns = setup.anchor.monotonic_ns;
        let identities: Vec<Vec<u64>> = setup
            .workflows
            .iter()
            .map(|workflow| workflow.identities.clone())
            .collect();
        let job = Arc::new(Job::new(setup, &workflows, params, env));
        let cores = self.start_cores(&job).map_err(|error| failure("init", error))?;
        let prepare = Prepare {
            cores,
            workflows: workflows.clone(),
            anchor_ns,
            cores_of_workflows: cores_of_workflows(&workflows, &identities, self.shared.options.cores),
            dealer: Mutex::default(),
        };
        self.prepared.set(prepare).map_err(|_| prepared_twice())?;
        let began = Instant::now();
        for &workflow in &workflows {
            self.ask(0, |answer| CoreOrder::Init { workflow, answer })
                .await??;
        }
        for (workflow, numbers) in workflows.into_iter().zip(identities) {
            self.make_identities(workflow, &numbers).await?;
        }
        let init_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Ok(Prepared { init_ns })
    }

    /// Deals iterations to the cores.
    pub(crate) async fn run(&self, release: Release) -> Result<Accepted, Failure> {
        let prepared = self.prepared()?;
        let workflow = self.workflow_place(&release.workflow)?;
        if !prepared.workflows.contains(&workflow) {
            let message = format!("the workflow {:?} was not prepared", release.workflow);
            return Err(failure("not-prepared", message));
        }
        if let Some(end_boot_ns) = release.lease_ns {
            self.shared.lease.extend(end_boot_ns);
        }
        // Held while orders are sent, so that a stop comes after all of a batch or before it.
        let mut dealer = prepared.dealer.lock().await;
        let mut accepted = 0;
        if !dealer.stopped {
            accepted = (release.due.len() + release.users.len()) as u64;
            let cores = prepared.dealt_to(workflow);
            let mut hands = vec![Vec::with_capacity(release.due.len() / cores + 1); cores];
            for (n, due_ns) in release.due {
                dealer.next_core %= cores;
                hands[dealer.next_core].push((n, prepared.anchor_ns.saturating_add(due_ns)));
                dealer.next_core = (dealer.next_core + 1) % cores;
            }
            dealer
                .deal_users(&prepared.cores, workflow, &release.users, prepared.anchor_ns)
                .await?;
            for (core, due) in prepared.cores.iter().zip(hands) {
                if !due.is_empty() {
                    core.send(CoreOrder::Release { workflow, due })
                        .await
                        .map_err(|_| core_is_gone())?;
                }
            }
        }
        Ok(Accepted {
            accepted,
            in_flight: self.shared.slots.taken(),
            done: self.shared.data_ended.load(Ordering::Relaxed),
        })
    }

    pub(crate) async fn params(&self, params: Value) -> Result<(), Failure> {
        let prepared = self.prepared()?;
        let params = Arc::new(params);
        let mut refusal = Ok(());
        for &workflow in &prepared.workflows {
            for core in &prepared.cores {
                let order = CoreOrder::Params {
                    workflow,
                    params: Arc::clone(&params),
                };
                core.send(order).await.map_err(|_| core_is_gone())?;
            }
            let workflow = &self.shared.workflows[workflow];
            if let Err(error) = workflow.runner.change_params(&params) {
                refusal = Err(failure("params", format!("{}: {error:#}", workflow.name)));
            }
        }
        refusal
    }

    /// Withdraws what is not yet due, gives what runs `grace` to end, cuts off the rest, and writes everything out.
    pub(crate) async fn stop(&self, grace: Duration) -> Stopped {
        let Some(prepared) = self.prepared.get() else {
            return Stopped::default();
        };
        prepared.dealer.lock().await.stopped = true;
        let withdrawn = self
            .ask_all(|answer| CoreOrder::Stop { answer })
            .await
            .into_iter()
            .sum();
        let idle = self.ask_all(|answer| CoreOrder::Idle { answer });
        let mut interrupted = 0;
        if tokio::time::timeout(grace, idle).await.is_err() {
            interrupted = self.interrupt().await;
        }
        self.flush().await;
        Stopped {
            withdrawn,
            interrupted,
        }
    }

    /// Cuts off what runs; returns how much that was.
    pub(super) async fn interrupt(&self) -> u64 {
        let counts = self.ask_all(|answer| CoreOrder::Interrupt { answer }).await;
        counts.into_iter().sum()
    }

    /// Runs `cleanup_user` of every user and then `cleanup` of the workflows. All of them are tried; the first
    /// failure is the answer.
    pub(crate) async fn cleanup(&self) -> Result<(), Failure> {
        let Some(prepared) = self.prepared.get() else {
            return Ok(());
        };
        let mut results = self.ask_all(|answer| CoreOrder::CleanupUsers { answer }).await;
        for &workflow in &prepared.workflows {
            results.push(
                self.ask(0, |answer| CoreOrder::Cleanup { workflow, answer })
                    .await
                    .flatten(),
            );
        }
        self.flush().await;
        results.into_iter().collect()
    }

    pub(crate) async fn flush(&self) {
        self.ask_all(|answer| CoreOrder::HandOver { answer }).await;
        self.shared.writer.flush().await;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.shared.slots.taken() == 0
    }

    pub(crate) fn is_prepared(&self) -> bool {
        self.prepared.get().is_some()
    }

    pub(super) fn workflow_place(&self, name: &str) -> Result<usize, Failure> {
        let workflows = &self.shared.workflows;
        workflows
            .iter()
            .position(|workflow| workflow.name == name)
            .ok_or_else(|| {
                let known: Vec<_> = workflows.iter().map(|workflow| &*workflow.name).collect();
                let message = format!(
                    "unknown workflow `{}`; this load test has: {}",
                    name.escape_debug(),
                    known.join(", ")
                );
                failure("unknown-workflow", message)
            })
    }

    pub(super) fn prepared(&self) -> Result<&Prepare, Failure> {
        self.prepared.get().ok_or_else(|| {
            failure(
                "not-prepared",
                "prepare must be called before run and params".to_owned(),
            )
        })
    }

    fn start_cores(&self, job: &Arc<Job>) -> Result<Vec<mpsc::Sender<CoreOrder>>, String> {
        let start = |index| {
            let (sender, orders) = mpsc::channel(MAX_ORDERS);
            let (shared, job) = (Arc::clone(&self.shared), Arc::clone(job));
            thread::Builder::new()
                .name(format!("heavy-core-{index}"))
                .spawn(move || {
                    let queues = job.when_full == WhenFull::Queue;
                    follow(orders, queues, move || Core::new(index, shared, job));
                })
                .map(|_| sender)
                .map_err(|error| format!("cannot start a thread for core {index}: {error}"))
        };
        (0..self.shared.options.cores).map(start).collect()
    }

    /// Sends an order to one core and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        core: usize,
        order: impl FnOnce(oneshot::Sender<T>) -> CoreOrder,
    ) -> Result<T, Failure> {
        let (sender, answer) = oneshot::channel();
        let core = &self.prepared()?.cores[core];
        core.send(order(sender)).await.map_err(|_| core_is_gone())?;
        answer.await.map_err(|_| core_is_gone())
    }

    /// Sends an order to all cores and waits for the answers; cores that have ended send none.
    async fn ask_all<T>(&self, order: impl Fn(oneshot::Sender<T>) -> CoreOrder) -> Vec<T> {
        let cores = self.prepared.get().map_or(0, |prepared| prepared.cores.len());
        let answers = join_all((0..cores).map(|core| self.ask(core, &order))).await;
        answers.into_iter().flatten().collect()
    }
}
