//! `config`: configurations that the scheduler saves.

use heavy_load::exit_code;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use heavy_api::document::NoQuery;
use heavy_api::operation as op;
use heavy_results::config::Config;
use heavy_results::job::RunSpec;

use super::home::JobHome as _;
use super::output::{print, say};
use super::remote::json;
use super::{Error, LoadFlags, Remote, TeamFlags, plan, tables};
use heavy_process::clock;

const EXAMPLES: &str = "\
  heavy-sched config save nightly --rate 200 --duration 10m --threshold 'http_req_failed: rate<1%'
  heavy-sched config save nightly --file job.toml
  heavy-sched config save as-it-was --from-job last
  heavy-sched submit target/release/shop --config nightly --rate 400";

/// The verbs about configurations.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigVerb {
    /// Save a load configuration under a name; replaces one of the same name
    #[command(after_help = EXAMPLES)]
    Save(Box<SaveArgs>),
    /// List the configurations
    #[command(visible_alias = "ls")]
    List {
        /// Print JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Show a configuration as a job file that can be saved again
    Show {
        /// Name of the configuration
        name: String,
        /// Print the whole saved configuration as JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Delete a configuration; jobs that ran with it keep their own copy
    #[command(visible_alias = "rm")]
    Delete {
        /// Name of the configuration
        name: String,
    },
}

/// Arguments of `config save`.
#[derive(Debug, Clone, Args)]
pub struct SaveArgs {
    /// Name of the configuration: letters, digits, -, _ and .
    #[arg(value_name = "CONFIG")]
    pub config: String,
    /// Start from the configuration of a job: an id, a unique prefix of an id, or `last`; flags override it
    #[arg(long, value_name = "JOB", conflicts_with = "file")]
    pub from_job: Option<String>,
    /// The workflows and agents.
    #[command(flatten)]
    pub team: TeamFlags,
    /// The load.
    #[command(flatten)]
    pub load: LoadFlags,
}

pub(super) async fn run(verb: &ConfigVerb, scheduler: &str) -> Result<u8, Error> {
    if let ConfigVerb::Save(args) = verb {
        refuse_variables(&args.load)?;
    }
    let remote = Remote::connect(scheduler).await?;
    match verb {
        ConfigVerb::Save(args) => {
            let run = run_of(args, &remote).await?;
            let config =
                Config::new(&args.config, 0, &run).map_err(|error| Error::Usage(error.to_string()))?;
            let kept = remote
                .ask_with(op::SaveConfig, &args.config, &NoQuery {}, json(&config.job)?)
                .await?;
            say(&format!(
                "saved the configuration {0}: {1}; use it with --config {0}\n",
                kept.name,
                run.describe_load()
            ));
        }
        ConfigVerb::List { json } => {
            let configs = remote.ask(op::ListConfigs, "").await?;
            print(*json, &configs, || tables::configs(&configs, clock::wall_ns()))?;
        }
        ConfigVerb::Show { name, json } => {
            let config = remote.ask(op::GetConfig, name).await?;
            if *json {
                print(true, &config, String::new)?;
            } else {
                print(true, &config.job, String::new)?;
            }
        }
        ConfigVerb::Delete { name } => {
            let deleted = remote.ask(op::DeleteConfig, name).await?;
            say(&format!("deleted the configuration {}\n", deleted.name));
        }
    }
    Ok(exit_code::PASS)
}

/// Values of variables are often secrets.
fn refuse_variables(load: &LoadFlags) -> Result<(), Error> {
    if load.env.is_empty() && load.env_file.is_none() {
        return Ok(());
    }
    Err(Error::Usage(
        "a configuration does not store variables, which may be secrets: omit --env and --env-file, and set them with each job"
            .to_owned(),
    ))
}

/// What flags, a file or another job describe.
async fn run_of(args: &SaveArgs, remote: &Remote) -> Result<RunSpec, Error> {
    let mut run = match &args.from_job {
        None => args.load.to_run(None)?,
        Some(job) => {
            let mut spec = remote.get(job).await?.job.spec;
            spec.env.clear();
            // What a job is called by default is its binary's name.
            if spec.name == spec.binary_name {
                spec.name.clear();
            }
            args.load.merge(&spec.run)?
        }
    };
    args.team.apply(&mut run);
    plan::check(&run)?;
    Ok(run)
}
