//! The command `try`: one iteration of each workflow, with everything that it does shown as it happens.

mod printer;
mod render;
mod secrets;
mod text;

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal as _, PipeReader, Read as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use heavy_load::exit_code;
use heavy_load::span::Span;
use heavy_load::vocabulary::{Connections, WhenFull};
use heavy_plugin::rpc::{Failure, Release, Setup, WorkflowSetup};
use tokio::net::unix::pipe;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::{Receiver, channel};

use super::inputs::WorkflowInputs;
use crate::harness::failure::failure;
use crate::harness::job::anchor_now;
use crate::harness::process::Process;
use crate::harness::shared::HarnessOptions;
use crate::harness::workflow::Workflow;
use crate::harness::writer::Writer;
use crate::harness::{panics, stdio};
use crate::http::monotonic_ns;
use crate::observer::Observer;
use printer::Printer;
use render::Look;

/// The longest setup that is read.
const MAX_SETUP_BYTES: u64 = 16 << 20;

/// One iteration of some workflows.
#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// Workflows to try [default: all]
    #[arg(value_name = "WORKFLOW")]
    workflows: Vec<String>,
    #[command(flatten)]
    inputs: WorkflowInputs,
    /// Number of the iteration, which selects its row of a feed
    #[arg(long, value_name = "N", default_value_t = 0)]
    iteration: u64,
    /// Run as the user with this number, as in a load with users
    #[arg(long, value_name = "N")]
    user: Option<u64>,
    /// Time after which the iteration fails, such as 10s [default: none]
    #[arg(long, value_name = "D")]
    timeout: Option<Span>,
    /// Lines to show of each body
    #[arg(long, value_name = "N", default_value_t = 10)]
    body_lines: usize,
    /// Show authorization headers, cookies and other secrets whole
    #[arg(long)]
    show_secrets: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColourChoice::Auto)]
    color: ColourChoice,
    /// Do not show lines of the source
    #[arg(long, hide = true)]
    hide_places: bool,
    /// Read workflows, params, variables and limits from stdin, as JSON: the setup of an agent's `prepare`
    #[arg(long, hide = true)]
    setup_on_stdin: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ColourChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// Why nothing was tried.
#[derive(Debug)]
pub(crate) enum TrialError {
    Usage(String),
    CouldNotRun(String),
}

/// Tries the workflows; an error says why that was not possible.
pub(crate) fn run(
    workflows: Vec<Workflow>,
    mut options: HarnessOptions,
    args: &TryArgs,
) -> Result<ExitCode, TrialError> {
    let setup = args.setup(&workflows)?;
    let could_not = |what: &str, error: io::Error| TrialError::CouldNotRun(format!("cannot {what}: {error}"));
    let taken = stdio::take_stdout();
    let (out, printed) = taken.map_err(|error| could_not("take over stdout", error))?;
    let look = Look {
        colour: args.color.is_wanted(&out),
        show_secrets: args.show_secrets,
        show_places: !args.hide_places,
        body_lines: args.body_lines,
    };
    let watched = printed.try_clone();
    let watched = watched.map_err(|error| could_not("read what is printed", error))?;
    let (ended, outcomes) = channel(1);
    let printer = Printer::new(out, printed, look, ended);
    let printer = Arc::new(printer.map_err(|error| could_not("read what is printed", error))?);
    panics::leave_reports_to_observer();
    options.cores = 1;
    options.observer = Some(Arc::<Printer>::clone(&printer) as Arc<dyn Observer>);
    // The observer is shown everything that the lines would say.
    let writer = Writer::start(Box::new(|_| Ok(()))).map_err(|error| could_not("start a thread", error))?;
    let process = Process::new(workflows, options, writer);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(|error| could_not("start", error))?;
    watch(watched, Arc::clone(&printer)).map_err(|error| could_not("read what is printed", error))?;
    let tried = runtime.block_on(drive(&process, setup, args.iteration, outcomes));
    printer.finish();
    match tried {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::from(exit_code::FAIL)),
        Err(_) if printer.has_failed() => Ok(ExitCode::FAILURE),
        Err(failure) => Err(TrialError::CouldNotRun(failure.message)),
    }
}

/// Shows what the load test prints as it prints it. On a thread of its own: any other may be the one that prints, and would wait
/// for a pipe that nobody empties.
fn watch(printed: PipeReader, printer: Arc<Printer>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let watching = async move {
        // If it cannot be watched, it is shown at the next occasion.
        if let Ok(printed) = pipe::Receiver::from_owned_fd(printed.into()) {
            while printed.readable().await.is_ok() {
                printer.show_printed(|bytes| printed.try_read(bytes));
            }
        }
    };
    let watcher = thread::Builder::new().name("heavy-printed".to_owned());
    watcher.spawn(move || runtime.block_on(watching)).map(drop)
}

/// Prepares, runs and cleans up as an agent would; says whether all iterations were ok.
async fn drive(
    process: &Process,
    mut setup: Setup,
    iteration: u64,
    mut outcomes: Receiver<bool>,
) -> Result<bool, Failure> {
    let described = process.describe();
    for workflow in &mut setup.workflows {
        let mut known = described.workflows.iter();
        if known.any(|known| known.splits && known.name == workflow.name) {
            let parts = process.split(&workflow.name, std::mem::take(&mut workflow.params), 1);
            let mut parts = parts.map_err(|Failure { kind, message }| {
                let name = &workflow.name;
                failure(&kind, format!("cannot divide the params of {name:?}: {message}"))
            })?;
            workflow.params = parts.pop().unwrap_or_default();
        }
    }
    let anchor_ns = setup.anchor.monotonic_ns;
    let names: Vec<String> = setup
        .workflows
        .iter()
        .map(|workflow| workflow.name.clone())
        .collect();
    process.prepare(setup).await?;
    let mut ok = true;
    for workflow in names {
        let due = vec![(iteration, monotonic_ns() - anchor_ns)];
        let release = Release {
            workflow,
            due,
            users: Vec::new(),
            lease_ns: None,
        };
        process.run(release).await?;
        let ended = outcomes.recv().await;
        ok &= ended.ok_or_else(|| failure("internal", "the iteration was not started".to_owned()))?;
    }
    process.stop(Duration::ZERO).await;
    process.cleanup().await?;
    Ok(ok)
}

impl TryArgs {
    /// The setup for these flags, or the one on stdin.
    fn setup(&self, known: &[Workflow]) -> Result<Setup, TrialError> {
        let mut setup = if self.setup_on_stdin {
            serde_json::from_reader(io::stdin().lock().take(MAX_SETUP_BYTES))
                .map_err(|error| TrialError::Usage(format!("the setup on stdin is not valid: {error}")))?
        } else {
            self.own_setup()
        };
        // The monotonic clock of whoever made the setup may have been another one.
        setup.anchor = anchor_now();
        setup.max_in_flight = 1;
        setup.when_full = WhenFull::Queue;
        let names = || known.iter().map(|workflow| &workflow.name);
        if let [all] = &*setup.workflows
            && all.name.is_empty()
        {
            let all = all.clone();
            let named = names().map(|name| WorkflowSetup {
                name: name.clone(),
                ..all.clone()
            });
            setup.workflows = named.collect();
        }
        for WorkflowSetup { name, .. } in &setup.workflows {
            if !names().any(|known| known == name) {
                let names: Vec<&str> = names().map(String::as_str).collect();
                let names = names.join(", ");
                return Err(TrialError::Usage(format!(
                    "unknown workflow `{}`; this load test has: {names}",
                    name.escape_debug()
                )));
            }
        }
        // Due iterations are tried, whatever the load of a job would be.
        for workflow in &mut setup.workflows {
            workflow.closed = None;
        }
        Ok(setup)
    }

    fn own_setup(&self) -> Setup {
        Setup {
            job: "try".to_owned(),
            agent: "this machine".to_owned(),
            agent_index: 0,
            agents: 1,
            workflows: if self.workflows.is_empty() {
                vec![self.workflow("")]
            } else {
                self.workflows.iter().map(|name| self.workflow(name)).collect()
            },
            env: self.inputs.env(),
            anchor: anchor_now(),
            max_in_flight: 1,
            when_full: WhenFull::Queue,
            timeout_ns: self.timeout.map(Span::ns),
            connections: Connections::default(),
            traceparent: false,
        }
    }

    /// A workflow; one without a name stands for all.
    fn workflow(&self, name: &str) -> WorkflowSetup {
        WorkflowSetup {
            name: name.to_owned(),
            params: self.inputs.params(),
            closed: None,
            identities: self.user.into_iter().collect(),
        }
    }
}

impl ColourChoice {
    fn is_wanted(self, out: &File) -> bool {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
            Self::Auto if is_set("FORCE_COLOR") || is_set("CLICOLOR_FORCE") => true,
            Self::Auto => out.is_terminal() && env::var_os("TERM").is_none_or(|terminal| terminal != "dumb"),
        }
    }
}
