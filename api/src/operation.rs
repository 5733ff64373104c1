//! The operations, each once: what is asked, what is answered, and which errors are possible.

use heavy_results::config::Config;
use heavy_results::job::{AgentInfo, CheckSpec, Checked, JobInfo, JobView, LoggedLine};
use heavy_results::progress::Progress;
use heavy_trust::Role;
use http::Method;
use serde_json::Value;

use crate::document::{
    Artifact, ConfigDocument, ControlledJob, Health, JobDocument, ListQuery, LogQuery, NewRate, NoQuery,
    Prune, Pruned, StopQuery, StorageInfo, UploadQuery,
};
use crate::error::ApiErrorKind::{self, *};
use crate::payload::{Bytes, Events, Json, List, Optional, Payload};

/// An operation of the API.
pub trait Operation {
    /// Its method.
    const METHOD: Method;
    /// Its path, with at most one parameter: `{job}`, `{sha256}` or `{config}`.
    const PATH: &'static str;
    /// Its name in the OpenAPI document.
    const ID: &'static str;
    /// The role that whoever asks must have, at least; `None`: everybody may ask, without a credential.
    const ROLE: Option<Role>;
    /// What it does.
    const SUMMARY: &'static str;
    /// The statuses of successful responses with their descriptions. A 204 has no body.
    const GOOD: &'static [(u16, &'static str)];
    /// Which errors it answers.
    const ERRORS: &'static [ApiErrorKind];
    /// Its query parameters.
    type Query;
    /// What is sent.
    type Body: Payload;
    /// What comes back.
    type Answer: Payload;
}

/// `for anyone`, or `for` a role.
macro_rules! role {
    (anyone) => {
        None
    };
    ($role:ident) => {
        Some(Role::$role)
    };
}

macro_rules! operations {
    ($(
        $(#[doc = $summary:literal])+
        $name:ident = $method:ident $path:literal $id:literal for $role:ident ($query:ty, $body:ty) -> $answer:ty,
        [$($status:literal $good:literal),+], $errors:expr;
    )+) => {
        /// The names of all operations.
        pub const IDS: &[&str] = &[$($id),+];

        $(
            $(#[doc = $summary])+
            #[derive(Debug)]
            pub struct $name;

            impl Operation for $name {
                const METHOD: Method = Method::$method;
                const PATH: &'static str = $path;
                const ID: &'static str = $id;
                const ROLE: Option<Role> = role!($role);
                const SUMMARY: &'static str = concat!($($summary),+).trim_ascii_start();
                const GOOD: &'static [(u16, &'static str)] = &[$(($status, $good)),+];
                const ERRORS: &'static [ApiErrorKind] = $errors;
                type Query = $query;
                type Body = $body;
                type Answer = $answer;
            }
        )+
    };
}

/// What can be wrong with `{job}`.
const OF_A_JOB: &[ApiErrorKind] = &[Reference, NoSuchJob, Ambiguous, Database];
/// What can be wrong with changing a running job.
const OF_A_CHANGE: &[ApiErrorKind] = &[
    Request, Reference, NoSuchJob, Ambiguous, NotRunning, Steering, Database,
];

operations! {
    /// Submit a job whose binary was uploaded
    SubmitJob = POST "/api/v1/jobs" "submitJob" for Submit (NoQuery, Json<JobDocument>) -> Json<JobInfo>,
        [201 "the job, queued"], &[Spec, Request, NoSuchArtifact, Database, Disk, QueueFull, ShuttingDown];
    /// The newest jobs, newest first
    ListJobs = GET "/api/v1/jobs" "listJobs" for Read (ListQuery, ()) -> List<JobInfo>,
        [200 "jobs"], &[Request, Database];
    /// A job and its results so far
    GetJob = GET "/api/v1/jobs/{job}" "getJob" for Read (NoQuery, ()) -> Json<JobView>,
        [200 "the job"], OF_A_JOB;
    /// Lines of a job's log from a number on, at most 1000: what its load tests wrote that is not a result
    ListLogLines = GET "/api/v1/jobs/{job}/logs" "listLogLines" for Read (LogQuery, ()) -> List<LoggedLine>,
        [200 "lines, in the order in which they arrived"], &[Request, Reference, NoSuchJob, Ambiguous, Database];
    /// Delete a job that has ended, with all that it left
    DeleteJob = DELETE "/api/v1/jobs/{job}" "deleteJob" for Submit (NoQuery, ()) -> Json<JobInfo>,
        [200 "the job as it was"], &[Reference, NoSuchJob, Ambiguous, NotEnded, Database];
    /// Delete all jobs that ended some time ago, or only their rows
    PruneJobs = POST "/api/v1/prune" "pruneJobs" for Admin (NoQuery, Json<Prune>) -> Json<Pruned>,
        [200 "the jobs, oldest first"], &[Request, Database];
    /// Stop a job; one that has ended stays as it is
    StopJob = POST "/api/v1/jobs/{job}/stop" "stopJob" for Submit (StopQuery, ()) -> Json<ControlledJob>,
        [200 "the job as it was before, and what was reached"], &[Request, Reference, NoSuchJob, Ambiguous, Database];
    /// Stop all queued and running jobs, without asking the results database
    StopAllJobs = POST "/api/v1/stop" "stopAllJobs" for Submit (StopQuery, ()) -> List<ControlledJob>,
        [200 "the jobs as they were before, newest first, and what was reached"], &[Request];
    /// Jobs that have not ended, newest first, without asking the results database
    ListRunningJobs = GET "/api/v1/running" "listRunningJobs" for Read (NoQuery, ()) -> List<JobInfo>,
        [200 "queued and running jobs"], &[];
    /// Change the rate of a running job from now (within 250 ms) to its end
    ChangeRate = POST "/api/v1/jobs/{job}/rate" "changeRate" for Submit (NoQuery, Json<NewRate>) -> Json<ControlledJob>,
        [200 "the job with its new plan"], OF_A_CHANGE;
    /// Pause a running job: no iteration starts until it is resumed
    PauseJob = POST "/api/v1/jobs/{job}/pause" "pauseJob" for Submit (NoQuery, ()) -> Json<ControlledJob>,
        [200 "the job, paused"], OF_A_CHANGE;
    /// Resume a paused job: its plan continues where it stopped
    ResumeJob = POST "/api/v1/jobs/{job}/resume" "resumeJob" for Submit (NoQuery, ()) -> Json<ControlledJob>,
        [200 "the job with its new end"], OF_A_CHANGE;
    /// Send new params to the load tests of a running job
    ChangeParams = POST "/api/v1/jobs/{job}/params" "changeParams" for Submit (NoQuery, Json<Value>) -> Json<ControlledJob>,
        [200 "the job; its events say whether the load tests took the params"], OF_A_CHANGE;
    /// Judge a job by thresholds, on its results as far as they are stored; changes nothing
    CheckJob = POST "/api/v1/jobs/{job}/check" "checkJob" for Read (NoQuery, Optional<CheckSpec>) -> Json<Checked>,
        [200 "the outcome of each threshold"], &[Request, Reference, NoSuchJob, Ambiguous, Database];
    /// Progress as server-sent events: at once, at every change of state and every second; ends after the final one
    WatchJob = GET "/api/v1/jobs/{job}/progress" "watchJob" for Read (NoQuery, ()) -> Events<Progress>,
        [200 "events whose data is a Progress and whose id is that of the snapshot", 204 "the final snapshot was received before"], OF_A_JOB;
    /// Upload a compiled load test, or a file of one
    UploadArtifact = PUT "/api/v1/artifacts/{sha256}" "uploadArtifact" for Submit (UploadQuery, Bytes) -> Json<Artifact>,
        [201 "it is stored"], &[Request, Hash, Length, Stalled, TooLong, NotAProgram, Disk, Busy, NoRoom];
    /// Whether a binary or file is stored
    FindArtifact = HEAD "/api/v1/artifacts/{sha256}" "findArtifact" for Submit (NoQuery, ()) -> (),
        [200 "it is"], &[Hash, NoSuchArtifact, Disk];
    /// All configurations, by name
    ListConfigs = GET "/api/v1/configs" "listConfigs" for Read (NoQuery, ()) -> List<Config>,
        [200 "configurations"], &[Disk];
    /// Save a configuration; replaces one of the same name
    SaveConfig = PUT "/api/v1/configs/{config}" "saveConfig" for Submit (NoQuery, Json<ConfigDocument>) -> Json<Config>,
        [201 "a new one", 200 "it replaced another one"], &[Spec, Request, TooLong, Disk, NoRoom];
    /// A configuration
    GetConfig = GET "/api/v1/configs/{config}" "getConfig" for Read (NoQuery, ()) -> Json<Config>,
        [200 "the configuration"], &[Spec, NoSuchConfig, Disk];
    /// Delete a configuration
    DeleteConfig = DELETE "/api/v1/configs/{config}" "deleteConfig" for Submit (NoQuery, ()) -> Json<Config>,
        [200 "the configuration as it was"], &[Spec, NoSuchConfig, Disk];
    /// The connected agents
    ListAgents = GET "/api/v1/agents" "listAgents" for Read (NoQuery, ()) -> List<AgentInfo>,
        [200 "agents"], &[];
    /// Where the scheduler's data is, how much space it takes, and how long it stays
    GetStorage = GET "/api/v1/storage" "getStorage" for Read (NoQuery, ()) -> Json<StorageInfo>,
        [200 "the data directory and the results database"], &[Database];
    /// Whether the scheduler serves
    GetHealth = GET "/healthz" "health" for anyone (NoQuery, ()) -> Json<Health>,
        [200 "it does"], &[];
    /// This document
    GetDescription = GET "/api/v1/openapi.json" "getDescription" for Read (NoQuery, ()) -> Json<Value>,
        [200 "an OpenAPI 3.1 document"], &[];
}
