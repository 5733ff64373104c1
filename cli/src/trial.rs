//! `heavy try`: has a load test run one iteration by itself, and shows everything that it does. Nothing is stored.

mod directory;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus, Stdio};

use anyhow::Context as _;
use heavy_client::{FileFlags, LoadFlags, LocalFile, Program};
use heavy_load::execution::ExecutionSpec;
use heavy_load::exit_code;
use heavy_load::load::LoadModel;
use heavy_load::rate::Rate;
use heavy_load::span::Span;
use heavy_plugin::rpc::{Anchor, Setup, WorkflowSetup};
use heavy_process::signals::Interrupts;
use heavy_results::job::{RunSpec, WorkflowSpec};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::builtin::{ENV_BUILTIN, HTTP};
use crate::exit::{CommandFailure, CommandResult};
use crate::run::request::{RequestFlags, UrlRequest};
use crate::run::{ServiceFlags, itself};
use crate::services::{Home, Ready, Wish, prepare};
use crate::test_name::Test;
use directory::TrialDirectory;

const EXAMPLES: &str = "\
Examples:
  heavy try shop
  heavy try shop/buy --profile smoke --show-secrets
  heavy try http://127.0.0.1:8080/login --method POST --body '{\"user\":\"ann\"}'
  heavy try target/release/mytest --workflow buy --param url=http://127.0.0.1:8080

Nothing is stored. Bodies are shown as they are; secrets in headers and URLs are shortened.
Exit codes: 0 all iterations ok, 99 an iteration failed, 1 could not run, 2 wrong usage.";

/// What of the environment decides about colours.
const COLOURS: [&str; 5] = ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM", "COLORTERM"];

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TrialArgs {
    /// URL to request, path of a compiled load test, or SERVICE[/WORKFLOW] in the services directory
    #[arg(value_name = "TEST")]
    test: String,
    /// Workflow to try [default: all] (can be repeated)
    #[arg(long = "workflow", value_name = "NAME", env = "HEAVY_WORKFLOW")]
    workflows: Vec<String>,
    /// Parameter of the load test; a value that is not JSON is a string (can be repeated)
    #[arg(long = "param", value_name = "K=V", env = "HEAVY_PARAM", hide_env_values = true, value_parser = heavy_client::pair)]
    param: Vec<(String, String)>,
    /// File with the load test's parameters as a JSON document; - for stdin
    #[arg(long, value_name = "FILE", env = "HEAVY_PARAMS")]
    params: Option<PathBuf>,
    /// Environment variable of the load test (can be repeated)
    #[arg(short, long = "env", value_name = "K=V", env = "HEAVY_ENV", hide_env_values = true, value_parser = heavy_client::pair)]
    env: Vec<(String, String)>,
    /// File with environment variables of the load test, one KEY=VALUE per line
    #[arg(long, value_name = "FILE", env = "HEAVY_ENV_FILE")]
    env_file: Option<PathBuf>,
    /// Interrupt the iteration after this long; it counts as failed
    #[arg(long, value_name = "D", env = "HEAVY_TIMEOUT")]
    timeout: Option<Span>,
    /// Number of the iteration, which selects its row of a feed
    #[arg(long, value_name = "N", default_value_t = 0)]
    iteration: u64,
    /// Run as the user with this number [default: 0, where the load has users]
    #[arg(long, value_name = "N")]
    user: Option<u64>,
    /// Lines to show of each body
    #[arg(long, value_name = "N", default_value_t = 10)]
    body_lines: usize,
    /// Show authorization headers, cookies and other secrets whole
    #[arg(long)]
    show_secrets: bool,
    /// When to use colours: auto, always or never
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"])]
    color: String,
    #[command(flatten)]
    files: FileFlags,
    #[command(flatten)]
    service: ServiceFlags,
    #[command(flatten)]
    request: RequestFlags,
}

/// A load test that is ready to be tried.
struct Trial {
    program: Program,
    setup: Setup,
    files: Vec<LocalFile>,
    /// Holds what has to stay until the end.
    _ready: Option<Ready>,
}

pub(crate) async fn run(args: TrialArgs) -> CommandResult {
    let mut interrupts = Interrupts::take()?;
    let trial = interrupts.race(trial(&args)).await??;
    let directory = TrialDirectory::with(&trial.files)?;
    let mut command = Command::new(std::path::absolute(&trial.program.file)?);
    command
        .args(["try", "--setup-on-stdin", "--color", &args.color])
        .args(["--iteration", &args.iteration.to_string()])
        .args(["--body-lines", &args.body_lines.to_string()])
        .args(args.show_secrets.then_some("--show-secrets"))
        .current_dir(directory.path())
        .env_clear()
        .envs(environment())
        .envs(heavy_agent::LOAD_TEST_DIRECTORIES.map(|name| (name, directory.path())))
        .stdin(Stdio::piped())
        .kill_on_drop(true);
    if trial.setup.workflows.iter().any(|workflow| workflow.name == HTTP)
        && trial.program.file == itself()?.file
    {
        // Lines of heavy's own source help nobody.
        command.env(ENV_BUILTIN, "1").arg("--hide-places");
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", trial.program.file.display()))?;
    let setup = serde_json::to_vec(&trial.setup).context("cannot pass the setup on")?;
    let ended = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read it says itself what is wrong.
            let _ = stdin.write_all(&setup).await;
        }
        child.wait().await
    };
    let Ok(ended) = interrupts.race(ended).await else {
        return Ok(ExitCode::from(exit_code::INTERRUPTED));
    };
    code(ended?)
}

/// As much of the environment as agents pass to load tests: what is missing here is missing there.
fn environment() -> impl Iterator<Item = (&'static str, OsString)> {
    let names = heavy_agent::LOAD_TEST_ENVIRONMENT.into_iter().chain(COLOURS);
    names.filter_map(|name| Some((name, std::env::var_os(name)?)))
}

fn code(status: ExitStatus) -> CommandResult {
    use exit_code::{COULD_NOT_RUN, FAIL, INTERRUPTED, PASS, WRONG_USAGE};
    match status.code().map(u8::try_from) {
        Some(Ok(code @ (PASS | COULD_NOT_RUN | WRONG_USAGE | FAIL | INTERRUPTED))) => {
            Ok(ExitCode::from(code))
        }
        Some(_) => Err(CommandFailure::new(format!(
            "the load test ended before its iteration did: {status}"
        ))),
        None => Err(CommandFailure::new(format!(
            "the load test ended without an exit code: {status}"
        ))),
    }
}

async fn trial(args: &TrialArgs) -> Result<Trial, CommandFailure> {
    let home = Home::find(args.service.services.as_deref())?;
    let files = args.files.gather()?;
    match Test::resolve(&args.test, home.as_ref())? {
        Test::Url(url) => of_url(args, &url),
        Test::Binary(path) => {
            args.service.refuse(&args.test, "a file")?;
            args.request.refuse()?;
            let program = Program::open(&path)?;
            let mut plan = args.inputs().to_plan(&program, Some(one_per_second()?))?;
            plan.spec.workflows = args.workflows();
            plan.take_along(files)?;
            Ok(Trial {
                setup: setup(&plan.spec, args.user),
                program,
                files: plan.files,
                _ready: None,
            })
        }
        Test::Service(service, workflow) => {
            args.request.refuse()?;
            if workflow.is_some() && !args.workflows.is_empty() {
                let problem = format!(
                    "--workflow conflicts with the workflow in {}: leave one of them out",
                    args.test
                );
                return Err(CommandFailure::usage(problem));
            }
            let (workflows, load) = (args.workflows(), args.inputs());
            let wish = Wish {
                service: &service,
                workflow: workflow.as_deref(),
                workflows: &workflows,
                profile: args.service.profile.as_deref(),
                load: &load,
                rate: Some(one_per_second()?),
                cargo_profile: args.service.cargo_profile.as_deref().unwrap_or("release"),
            };
            let mut ready = prepare(&wish).await?;
            ready.plan.take_along(files)?;
            Ok(Trial {
                program: ready.program.clone(),
                setup: setup(&ready.plan.spec, args.user),
                files: std::mem::take(&mut ready.plan.files),
                _ready: Some(ready),
            })
        }
    }
}

fn of_url(args: &TrialArgs, url: &str) -> Result<Trial, CommandFailure> {
    args.service.refuse(&args.test, "a URL")?;
    let of_load_tests = !args.workflows.is_empty()
        || !args.param.is_empty()
        || args.params.is_some()
        || !args.files.with.is_empty();
    if of_load_tests {
        return Err(CommandFailure::usage(
            "--workflow, --param, --params and --with require a load test; for a URL use -X, -H and --data",
        ));
    }
    let UrlRequest { params, variables } = args.request.request(url)?;
    let mut run = args.inputs().to_run(Some(one_per_second()?))?;
    run.workflows = vec![WorkflowSpec::new(HTTP)];
    run.params = serde_json::to_value(params).context("cannot pass the request on")?;
    run.env.extend(variables);
    Ok(Trial {
        program: itself()?,
        setup: setup(&run, args.user),
        files: Vec::new(),
        _ready: None,
    })
}

/// The load of tests that have none: it decides nothing here.
fn one_per_second() -> Result<Rate, CommandFailure> {
    Rate::per_second(1).map_err(|error| CommandFailure::new(error.to_string()))
}

/// What an agent would pass to the load test. Where the load has users, so has the iteration.
fn setup(run: &RunSpec, user: Option<u64>) -> Setup {
    let models = run.load().workflows.into_iter().map(|workflow| workflow.model);
    // A workflow without a name stands for all.
    let all = [WorkflowSpec::new("")];
    let workflows = if run.workflows.is_empty() {
        &all[..]
    } else {
        &run.workflows
    };
    let workflows = workflows.iter().zip(models).map(|(workflow, model)| {
        let has_users = run.execution.unique_users.is_some() || matches!(model, LoadModel::Closed(_));
        WorkflowSetup {
            name: workflow.name.clone(),
            params: workflow.params.clone().unwrap_or_else(|| run.params.clone()),
            closed: None,
            identities: user.or(has_users.then_some(0)).into_iter().collect(),
        }
    });
    Setup {
        job: "try".to_owned(),
        agent: "this machine".to_owned(),
        agent_index: 0,
        agents: 1,
        workflows: workflows.collect(),
        env: run.env.clone(),
        anchor: Anchor {
            monotonic_ns: 0,
            wall_ns: 0,
        },
        max_in_flight: 1,
        when_full: run.execution.when_full(),
        timeout_ns: run.execution.timeout.map(Span::ns),
        connections: run.execution.connections(),
        traceparent: run.execution.traceparent(),
    }
}

impl TrialArgs {
    fn workflows(&self) -> Vec<WorkflowSpec> {
        self.workflows.iter().map(WorkflowSpec::new).collect()
    }

    /// The flags as those of a load.
    fn inputs(&self) -> LoadFlags {
        let mut flags = LoadFlags {
            param: self.param.clone(),
            params: self.params.clone(),
            env: self.env.clone(),
            env_file: self.env_file.clone(),
            ..LoadFlags::default()
        };
        flags.execution.0 = ExecutionSpec {
            timeout: self.timeout,
            ..ExecutionSpec::default()
        };
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn iterations_have_users_where_the_load_has() {
        let run = |json: Value| setup(&serde_json::from_value(json).unwrap(), None);
        let closed = serde_json::json!({
            "users": 5, "duration": "1s", "params": {"n": 1},
            "workflows": [{"name": "a"}, {"name": "b", "params": {"n": 2}}],
        });
        let closed = run(closed);
        let shown = closed.workflows.iter();
        let shown: Vec<_> = shown
            .map(|workflow| (&*workflow.name, &workflow.params["n"], &*workflow.identities))
            .collect();
        assert_eq!(
            shown,
            [("a", &Value::from(1), &[0][..]), ("b", &Value::from(2), &[0])]
        );
        let open = run(serde_json::json!({"rate": 5, "timeout": "2s"}));
        assert_eq!(open.workflows[0], WorkflowSetup::default());
        assert_eq!(open.timeout_ns, Some(2_000_000_000));
    }
}
