//! Prepares an assignment: reach the collector, fetch, verify, check, place files, spawn, hello, describe, init.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use heavy_plugin::codec::{self, ClientTransport};
use heavy_plugin::hello::{Hello, PROTOCOL};
use heavy_plugin::program;
use heavy_plugin::rpc::{LoadTestClient, client_config, deadline_in};
use object::ReadCache;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::divide::{DivisionOrder, divide};
use super::failure::AssignmentFailure;
use super::files::place;
use super::live::LiveTest;
use super::reporter::Reporter;
use super::setup::{choose, setup, workflow_setups};
use crate::batch::Keep;
use crate::cache::Cached;
use crate::deliver::reach;
use crate::journal::Journal;
use crate::orders::Assignment;
use crate::process::control::CANNOT_RUN;
use crate::process::exit::Exit;
use crate::process::{Ends, Life, LoadTestProcess, SpawnOrder};
use crate::results::AssignmentResults;
use crate::rollup::redact;
use crate::sandbox::LaunchSandbox;
use crate::shared::AgentShared;
use crate::spool::SpoolProducer;
use crate::tail::{self, Tail};
use heavy_process::clock;
use heavy_process::data_dir::create_private;

const HELLO_LIMIT: Duration = Duration::from_secs(10);
const DESCRIBE_LIMIT: Duration = Duration::from_secs(10);
/// An init may fill caches or log thousands of users in.
const INIT_LIMIT: Duration = Duration::from_secs(600);
/// How long the last output of a load test that has exited may take.
const LAST_OUTPUT_LIMIT: Duration = Duration::from_secs(1);

/// Prepares an assignment in the directory `dir`. If it fails, or is dropped, nothing of the load test is left.
pub(super) async fn prepare(
    shared: &AgentShared,
    assignment: &Assignment,
    dir: &Path,
    reporter: &Reporter,
    mut divisions: mpsc::Receiver<DivisionOrder>,
) -> Result<LiveTest, AssignmentFailure> {
    let url = &shared.config.collector;
    reach(url)
        .await
        .map_err(AssignmentFailure::with_kind("collector"))?;
    let program = shared
        .cache
        .get(
            &assignment.artifact_sha256,
            assignment.artifact_bytes,
            &shared.artifacts_of(assignment),
        )
        .await
        .map_err(|error| AssignmentFailure::new(error.kind(), error))?;
    let (path, host) = (program.path.clone(), shared.host.clone());
    tokio::task::spawn_blocking(move || check(&path, &host))
        .await
        .map_err(AssignmentFailure::with_kind("internal"))??;
    create_private(dir).map_err(AssignmentFailure::with_kind("spawn"))?;
    place(shared, assignment, dir).await?;
    let no_journal = |error| AssignmentFailure::new("spawn", format_args!("cannot keep a journal: {error}"));
    let journal_dir = journal_dir(shared, assignment).map_err(no_journal)?;
    let journal = Journal::create(&journal_dir, &shared.quota).map_err(no_journal)?;
    let order = SpawnOrder {
        launcher: shared.config.launcher.clone(),
        program: program.path.clone(),
        dir: dir.to_owned(),
        journal: journal_dir,
        sandbox: LaunchSandbox {
            level: shared.sandbox,
            allow_read: shared.config.sandbox.allow_read.clone(),
        },
    };
    let (process, ends) = LoadTestProcess::spawn(order).await.map_err(|error| {
        AssignmentFailure::new("spawn", format_args!("cannot spawn the load test: {error}"))
    })?;
    let results = AssignmentResults::new(&[], Keep::of(&assignment.spec), Arc::new(journal));
    let prepared = set_up(
        shared,
        assignment,
        (&process, Arc::new(results)),
        ends,
        reporter,
        &mut divisions,
    );
    match prepared.await {
        Ok(ready) => Ok(ready(process, program)),
        Err(failure) => {
            process.kill().await;
            Err(failure)
        }
    }
}

/// Where the journal of an assignment is.
fn journal_dir(shared: &AgentShared, assignment: &Assignment) -> io::Result<PathBuf> {
    let producer = SpoolProducer {
        job: assignment.job.clone(),
        agent: shared.config.name.clone(),
        epoch: assignment.epoch,
    };
    Ok(shared.journal_dir.join(producer.dir_name()?))
}

fn check(path: &Path, host: &program::Host) -> Result<(), AssignmentFailure> {
    let file = fs::File::open(path).map_err(AssignmentFailure::with_kind("fetch"))?;
    let cache = ReadCache::new(file);
    match program::check(&cache, host) {
        Ok(_) => Ok(()),
        Err(problem) => Err(AssignmentFailure::new(problem.kind(), problem)),
    }
}

async fn set_up(
    shared: &AgentShared,
    assignment: &Assignment,
    (process, results): (&LoadTestProcess, Arc<AssignmentResults>),
    ends: Ends,
    reporter: &Reporter,
    divisions: &mut mpsc::Receiver<DivisionOrder>,
) -> Result<impl FnOnce(LoadTestProcess, Cached) -> LiveTest + use<>, AssignmentFailure> {
    let (spec, seated) = (&assignment.spec, &assignment.seated);
    let (tail, socket) = tail::start(ends, &results).map_err(AssignmentFailure::with_kind("spawn"))?;
    let Tail {
        hello,
        stdout_ended,
        ended,
    } = tail;
    let watched = SpawnedProgram {
        process,
        results: &results,
        output_ended: &ended,
    };
    let hello = watched.hello(hello).await?;
    let socket = tokio::net::UnixStream::from_std(socket).map_err(AssignmentFailure::with_kind("spawn"))?;
    let transport: ClientTransport<_> = codec::transport(socket);
    let tarpc::client::NewClient { client, dispatch } = LoadTestClient::new(client_config(), transport);
    let connection = tokio::spawn(async move {
        if let Err(error) = dispatch.await {
            tracing::debug!(%error, "the connection to a load test ended");
        }
    })
    .abort_handle();
    let described = client.describe(deadline_in(DESCRIBE_LIMIT)).await;
    let Ok(description) = described else {
        connection.abort();
        return Err(watched.no_answer("not-a-load-test", "describe itself").await);
    };
    let workflows = choose(&spec.workflow_names(), &description)?;
    results.set_load(&workflows, &spec.load(), seated);
    if let Some(users) = spec.execution.unique_users
        && seated.count_of(u64::from(users)) == 0
    {
        let seats = assignment.revision.seats.len();
        let problem = format!(
            "{users} unique users are too few for {seats} agents, which need one each: increase --unique-users or \
             reduce --agents"
        );
        return Err(AssignmentFailure::new("init", problem));
    }
    let anchor = shared.anchor(clock::monotonic_ns());
    let mut setups = workflow_setups(spec, &workflows, (seated, &assignment.revision));
    let given = assignment.split_params.clone();
    divide(&mut setups, given, (&client, &description), divisions, reporter).await?;
    let setup = setup(assignment, setups, anchor, &shared.config.name);
    match client.prepare(deadline_in(INIT_LIMIT), setup).await {
        Ok(Ok(_)) => {}
        Ok(Err(problem)) if problem.kind == "unknown-workflow" => {
            return Err(AssignmentFailure::new("unknown-workflow", problem.message));
        }
        Ok(Err(problem)) => return Err(AssignmentFailure::new("init", problem.message)),
        Err(_) => return Err(watched.no_answer("init", "initialise").await),
    }
    Ok(move |process, program| LiveTest {
        process,
        _program: program,
        client,
        connection,
        results,
        stdout_ended,
        output_ended: ended,
        workflows,
        anchor,
        sdk: hello.sdk,
    })
}

/// A spawned program that may turn out to be no load test.
struct SpawnedProgram<'a> {
    process: &'a LoadTestProcess,
    results: &'a AssignmentResults,
    output_ended: &'a CancellationToken,
}

impl SpawnedProgram<'_> {
    async fn hello(&self, hello: tokio::sync::oneshot::Receiver<Hello>) -> Result<Hello, AssignmentFailure> {
        match tokio::time::timeout(HELLO_LIMIT, hello).await {
            Ok(Ok(Hello {
                error: Some(error), ..
            })) => Err(AssignmentFailure::new("init", redact::bounded(&error))),
            Ok(Ok(hello)) if hello.protocol == PROTOCOL => Ok(hello),
            Ok(Ok(hello)) => Err(AssignmentFailure::new(
                "not-a-load-test",
                format_args!(
                    "the load test speaks protocol {} ({}), this agent speaks {PROTOCOL}: build it with the SDK of this \
                     version of heavy",
                    hello.protocol, hello.sdk
                ),
            )),
            Ok(Err(_)) => Err(self
                .no_answer(
                    "not-a-load-test",
                    "say hello (a load test calls heavy_sdk::serve in main)",
                )
                .await),
            Err(_) => Err(AssignmentFailure::new(
                "not-a-load-test",
                format_args!(
                    "the program did not say hello within {} s: submit a load test, whose main calls \
                     heavy_sdk::serve; {}",
                    HELLO_LIMIT.as_secs(),
                    self.results.excerpts()
                ),
            )),
        }
    }

    /// Why the program did not do what it was asked: it has exited, most often.
    async fn no_answer(&self, kind: &'static str, what: &str) -> AssignmentFailure {
        let mut life = self.process.life();
        let exited = life.wait_for(|life| matches!(life, Life::Gone(_)));
        let exit = match tokio::time::timeout(LAST_OUTPUT_LIMIT, exited).await {
            Ok(Ok(life)) => life.exit().cloned(),
            _ => None,
        };
        // What it wrote last is most telling.
        let _ = tokio::time::timeout(LAST_OUTPUT_LIMIT, self.output_ended.cancelled()).await;
        let excerpts = self.results.excerpts();
        match exit {
            Some(Exit::Status(status)) if status == i32::from(CANNOT_RUN) => {
                AssignmentFailure::new("spawn", excerpts)
            }
            Some(exit) => AssignmentFailure::new(
                kind,
                format_args!("the program {exit} and did not {what}: run it by hand to see why; {excerpts}"),
            ),
            None => AssignmentFailure::new(
                kind,
                format_args!(
                    "the program did not {what}: is it a load test of this version of heavy? {excerpts}"
                ),
            ),
        }
    }
}
