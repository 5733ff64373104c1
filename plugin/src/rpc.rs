//! The RPC service that a load test offers its agent, and the documents that its calls carry.
//!
//! The service is a [tarpc] one, so its envelope on the wire is tarpc's; `docs/protocol.md` writes it down for
//! other languages. Calls only *accept* work: its results leave the process as output lines.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use heavy_load::load::{Closed, Quota};
use heavy_load::vocabulary::{Connections, WhenFull};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The calls of a load test, in the order in which an agent makes them: `describe`, (`split`,) `prepare`, `run` ...,
/// `stop`, `cleanup`. End of file on the socket at any time means that the agent is gone, and the process exits.
#[tarpc::service]
pub trait LoadTest {
    /// Says which workflows the load test has.
    async fn describe() -> Description;

    /// Sends the job's parameters and clock, and runs `init` of the chosen workflows. Called once.
    async fn prepare(setup: Setup) -> Result<Prepared, Failure>;

    /// Lets a custom splitter of `workflow` turn one params document into one for each of `agents`.
    async fn split(workflow: String, params: Value, agents: u32) -> Result<Vec<Value>, Failure>;

    /// Releases iterations. The reply is the acceptance, not the outcome: every released `n` comes back as one
    /// iteration line or as part of one dropped line.
    async fn run(release: Release) -> Result<Accepted, Failure>;

    /// Sends a running job new params.
    async fn params(params: Value) -> Result<(), Failure>;

    /// Forgets what is released and not yet due, lets running iterations go on for `grace_ns`, interrupts the rest,
    /// flushes the output, and replies when all of that is done.
    async fn stop(grace_ns: u64) -> Stopped;

    /// Runs `cleanup` of users and workflows. The process exits when the agent then closes the socket.
    async fn cleanup() -> Result<(), Failure>;
}

/// What a load test is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Name and version of what the load test was written with, as in its hello.
    pub sdk: String,
    /// The workflows, in the order in which they were registered; at least one.
    pub workflows: Vec<WorkflowDescription>,
}

/// One workflow of a load test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowDescription {
    /// The name by which jobs choose it.
    pub name: String,
    /// Whether it has a splitter of its own, so that `split` may be called for it.
    #[serde(default)]
    pub splits: bool,
}

/// What a load test needs to know before its first iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The job's id, for logs and headers.
    pub job: String,
    /// The agent's name, and its place among the job's agents (from 0) and their number.
    pub agent: String,
    /// This agent's place among the agents of the job, from 0.
    pub agent_index: u32,
    /// How many agents the job has.
    pub agents: u32,
    /// The workflows that will be run; never empty.
    pub workflows: Vec<WorkflowSetup>,
    /// Variables for the load test's own `env()`; never put into the process environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The relation of the host's monotonic clock to the job's wall clock.
    pub anchor: Anchor,
    /// How many iterations may run at once, over all workflows of the process.
    pub max_in_flight: u32,
    /// What happens to an iteration that is due when `max_in_flight` are running.
    #[serde(default)]
    pub when_full: WhenFull,
    /// Time after which an iteration fails; unlimited by default.
    #[serde(default)]
    pub timeout_ns: Option<u64>,
    /// Which iterations share connections.
    #[serde(default)]
    pub connections: Connections,
    /// Whether requests carry the W3C header `traceparent`, with the sequence ID as trace and the request ID as span.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub traceparent: bool,
}

/// One chosen workflow and its parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkflowSetup {
    /// One of the names in the [`Description`].
    pub name: String,
    /// The job's params for this workflow: any JSON, an object by custom.
    #[serde(default)]
    pub params: Value,
    /// What its users do, if it is loaded by users instead of due iterations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<ClosedSetup>,
    /// Identities that its iterations use in rotation, created before the first of them; empty: as many as are needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<u64>,
}

/// How the users of a workflow start iterations by themselves, each when its last one has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedSetup {
    /// Time between a user's scheduled starts; absent: it starts again at once.
    #[serde(default)]
    pub pacing_ns: Option<u64>,
    /// How many iterations this process starts in all.
    #[serde(default)]
    pub iterations: Option<u64>,
    /// How many iterations each of its users starts.
    #[serde(default)]
    pub iterations_per_user: Option<u64>,
    /// The numbers of its iterations.
    pub numbers: IterationNumbers,
    /// How long an iteration may go on after its user was to leave.
    #[serde(default)]
    pub grace_ns: u64,
}

impl ClosedSetup {
    /// The setup of a process that runs this load alone, and numbers its iterations from 0.
    #[must_use]
    pub fn new(closed: &Closed, grace_ns: u64) -> Self {
        let (iterations, iterations_per_user) = match closed.quota {
            Quota::Unlimited => (None, None),
            Quota::Shared(iterations) => (Some(iterations), None),
            Quota::PerUser(iterations) => (None, Some(iterations)),
        };
        Self {
            pacing_ns: closed.pacing_ns,
            iterations,
            iterations_per_user,
            numbers: IterationNumbers::default(),
            grace_ns,
        }
    }
}

/// The numbers of iterations that a process numbers by itself: the k-th (from 0) has
/// `first + k / places.len() * period + places[k % places.len()]`. So no two processes of a job use the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IterationNumbers {
    /// See above.
    pub first: u64,
    /// See above.
    pub period: u64,
    /// See above.
    pub places: Vec<u64>,
}

impl IterationNumbers {
    /// The number of the k-th iteration.
    #[must_use]
    pub fn nth(&self, k: u64) -> u64 {
        let count = self.places.len() as u64;
        let place = k
            .checked_rem(count)
            .and_then(|place| self.places.get(usize::try_from(place).ok()?));
        place.map_or(k, |place| self.first + k / count * self.period + place)
    }
}

/// One instant on two clocks. Due times count from it; wall times of output lines are
/// `wall_ns + (monotonic now - monotonic_ns)`, so that a step of the host's clock cannot touch a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The instant on the host's `CLOCK_MONOTONIC`.
    pub monotonic_ns: u64,
    /// The same instant on the job's wall clock (the scheduler's, as far as the agent could measure it).
    pub wall_ns: u64,
}

/// The answer to `prepare`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// How long `init` took.
    #[serde(default)]
    pub init_ns: u64,
}

/// Iterations of one workflow that the process is to start by itself when they are due, or users that start theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Which of the prepared workflows.
    pub workflow: String,
    /// `[[n, due in ns from the anchor], ...]`, ascending in both; sent 20 to 50 ms ahead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub due: Vec<(u64, u64)>,
    /// Of a closed workflow: `[[user, comes, leaves], ...]` in ns from the anchor. The newest release of a user
    /// decides when it leaves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<(u64, u64, u64)>,
    /// Until when iterations may start and go on, on the host's `CLOCK_BOOTTIME`: the end of the agent's lease. It only
    /// moves forward; absent: as before, which is without end at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ns: Option<u64>,
}

/// The answer to `run`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// How many of the released iterations or users were taken: all, unless the process is stopping.
    pub accepted: u64,
    /// Iterations running at the moment of the answer.
    #[serde(default)]
    pub in_flight: u32,
    /// Whether the load test has no data for further iterations, so that the job is to end.
    #[serde(default)]
    pub done: bool,
}

/// The answer to `stop`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Released iterations that were not yet due and never will be.
    pub withdrawn: u64,
    /// Iterations that the end of grace cut off; each also has its line.
    pub interrupted: u64,
}

/// Why a load test could not do what a call asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Short and stable: `unknown-workflow`, `init`, `params`, `closed`, `not-prepared`, `splitter`, `panic`.
    pub kind: String,
    /// What went wrong, for people.
    pub message: String,
}

/// A call's context with a deadline of its own: tarpc's default of ten seconds would cut off a slow `init`.
#[must_use]
pub fn deadline_in(limit: Duration) -> tarpc::context::Context {
    let mut context = tarpc::context::current();
    context.deadline = Instant::now() + limit;
    context
}

/// Client settings: tarpc's defaults (1,000 calls in flight) are made for other uses.
#[must_use]
pub fn client_config() -> tarpc::client::Config {
    let mut config = tarpc::client::Config::default();
    config.max_in_flight_requests = usize::MAX;
    config.pending_request_buffer = 1024;
    config
}
