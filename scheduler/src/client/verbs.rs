//! The verbs of clients, and what each prints.

use std::io::Write;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::follow::{Interrupts, News, follow};
use super::submit::{self, SubmitArgs, plain_style, report, say};
use super::{Bar, Error, Remote, exit, tables};
use crate::clock::Clock;

/// Which scheduler.
#[derive(Debug, Clone, Args)]
pub struct SchedulerFlag {
    /// Where the scheduler is
    #[arg(
        long,
        value_name = "URL",
        env = "HEAVY_SCHEDULER",
        default_value = "http://127.0.0.1:7700",
        global = true
    )]
    pub scheduler: String,
}

/// What a client can ask of a scheduler.
#[derive(Debug, Clone, Subcommand)]
pub enum Verb {
    /// Run a load test on the agents and print what came out
    Submit(Box<SubmitArgs>),
    /// List the newest jobs
    List {
        /// How many at most
        #[arg(long, value_name = "N", env = "HEAVY_LIMIT", default_value_t = 20)]
        limit: u32,
        /// Print JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Show a job and what is known of its results
    Status {
        /// An id, a unique prefix of one, or last
        job: String,
        /// Print JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Follow a job to its end and print what came out; Ctrl-C leaves it running
    Watch {
        /// An id, a unique prefix of one, or last
        job: String,
        /// Print the summary as JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Stop a job; its running iterations may end
    Stop {
        /// An id, a unique prefix of one, or last
        job: String,
        /// Cut running iterations off
        #[arg(long, env = "HEAVY_NOW", value_parser = FalseyValueParser::new())]
        now: bool,
    },
    /// List the connected agents
    Agents {
        /// Print JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
}

/// Does what was asked; gives the exit code.
///
/// # Errors
/// When it could not be done; [`Error::exit_code`] says with which code to end.
pub async fn run(verb: &Verb, scheduler: &str) -> Result<u8, Error> {
    if let Verb::Submit(args) = verb {
        return submit::run(args, scheduler).await;
    }
    let remote = Remote::connect(scheduler).await?;
    match verb {
        Verb::Submit(_) => {}
        Verb::List { limit, json } => {
            let jobs = remote.list(*limit).await?;
            print(*json, &jobs, || tables::jobs(&jobs, Clock::new().wall_ns()))?;
        }
        Verb::Status { job, json } => {
            let view = remote.get(job).await?;
            print(*json, &view, || {
                let results = view
                    .summary
                    .as_ref()
                    .map(|summary| heavy_report::text(summary, &<_>::default()));
                results.unwrap_or_else(|| tables::job(&view.job))
            })?;
        }
        Verb::Watch { job, json } => return watch(&remote, job, *json).await,
        Verb::Stop { job, now } => {
            let job = remote.stop(job, *now).await?;
            say(&if job.state.is_final() {
                format!("job {} had ended already: it is {}\n", job.id, job.state.as_str())
            } else {
                format!("job {} is being stopped\n", job.id)
            });
        }
        Verb::Agents { json } => {
            let agents = remote.agents().await?;
            print(*json, &agents, || tables::agents(&agents, Clock::new().wall_ns()))?;
        }
    }
    Ok(exit::PASS)
}

async fn watch(remote: &Remote, job: &str, json: bool) -> Result<u8, Error> {
    // `last` may be another job when the stream has to be opened again.
    let id = remote.get(job).await?.job.id.to_string();
    let mut interrupts = Interrupts::take()?;
    let mut bar = Bar::new();
    let view = tokio::select! {
        view = follow(remote, &id, None, |news: News<'_>| bar.show(&news)) => view,
        () = interrupts.next() => {
            bar.clear();
            say(&format!("the job goes on; stop it with `heavy-sched stop {id}`\n"));
            return Ok(exit::INTERRUPTED);
        }
    };
    bar.clear();
    let view = view?;
    let reports = json.then(super::ReportFile::json_on_stdout);
    report(&view, reports.as_slice(), &plain_style())?;
    Ok(exit::of_job(&view.job))
}

fn print(json: bool, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Error> {
    let text = if json {
        serde_json::to_string_pretty(value)? + "\n"
    } else {
        text()
    };
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
