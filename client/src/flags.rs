//! The load flags: what a person types to say how a load test is to be run. [`super::plan`] makes a job of them.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use heavy_load::arrivals::Arrivals;
use heavy_load::profile::Stage;
use heavy_load::rate::Rate;
use heavy_load::span::Span;
use heavy_load::users::Users;
use heavy_load::vocabulary::{Connections, WhenFull};
use heavy_results::job::Samples;
use heavy_results::threshold::Threshold;

use super::ReportFile;

/// How a load test is to be run; every flag also reads `HEAVY_...` from the environment.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Load")]
pub struct LoadFlags {
    /// Iterations to start per second (or /m, /h), whatever the target does
    #[arg(
        long,
        value_name = "N[/s|/m|/h]",
        env = "HEAVY_RATE",
        allow_hyphen_values = true
    )]
    pub rate: Option<Rate>,
    /// Rates over time: each stage is a duration and the rate that is reached at its end, from 0 (or --rate) on. k6's
    /// stages are users: those are --users D:N,...
    #[arg(long, value_name = "D:RATE,...", env = "HEAVY_STAGES", value_delimiter = ',')]
    pub stages: Vec<Stage>,
    /// How starts are spread around the rate [default: uniform]
    #[arg(long, value_enum, env = "HEAVY_ARRIVALS")]
    pub arrivals: Option<Arrivals>,
    /// What random arrivals follow from; the same seed gives the same arrivals [default: drawn, and kept with the job]
    #[arg(long, value_name = "N", env = "HEAVY_SEED")]
    pub seed: Option<u64>,
    /// Users that start again when they are done, in place of a rate: a number, or stages of it
    #[arg(
        long,
        value_name = "N|D:N,...",
        env = "HEAVY_USERS",
        allow_hyphen_values = true
    )]
    pub users: Option<Users>,
    /// How many iterations all users have together; without --users it is one user
    #[arg(short, long, value_name = "N", env = "HEAVY_ITERATIONS")]
    pub iterations: Option<u64>,
    /// How many iterations each user has
    #[arg(long, value_name = "N", env = "HEAVY_ITERATIONS_PER_USER")]
    pub iterations_per_user: Option<u64>,
    /// From one start of a user to its next
    #[arg(long, value_name = "D", env = "HEAVY_PACING")]
    pub pacing: Option<Span>,
    /// So many identities take turns, made before the start; no two agents ever hold the same
    #[arg(long, value_name = "N", env = "HEAVY_UNIQUE_USERS")]
    pub unique_users: Option<u32>,
    /// Comes before the duration, and is marked in the results
    #[arg(long, value_name = "D", env = "HEAVY_WARM_UP")]
    pub warm_up: Option<Span>,
    /// A job file, TOML or JSON; flags go before it
    #[arg(long, value_name = "FILE", env = "HEAVY_FILE")]
    pub file: Option<PathBuf>,
    /// How long to start iterations [default: 30s]
    #[arg(
        short,
        long,
        value_name = "D",
        env = "HEAVY_DURATION",
        allow_hyphen_values = true
    )]
    pub duration: Option<Span>,
    /// Iterations that may run at once, on each agent [default: 4096]
    #[arg(long, value_name = "N", env = "HEAVY_MAX_IN_FLIGHT")]
    pub max_in_flight: Option<u32>,
    /// What becomes of an iteration that is due while that many run [default: drop]
    #[arg(long, value_enum, env = "HEAVY_WHEN_FULL")]
    pub when_full: Option<WhenFull>,
    /// How long running iterations may go on after the last start [default: 30s]
    #[arg(long, value_name = "D", env = "HEAVY_GRACEFUL_STOP")]
    pub graceful_stop: Option<Span>,
    /// Give an iteration up as failed after this long
    #[arg(long, value_name = "D", env = "HEAVY_TIMEOUT")]
    pub timeout: Option<Span>,
    /// Who shares connections with whom [default: shared]
    #[arg(long, value_enum, env = "HEAVY_CONNECTIONS")]
    pub connections: Option<Connections>,
    /// Send the W3C header `traceparent`: the sequence ID is the trace, the request ID the span
    #[arg(long, env = "HEAVY_TRACEPARENT", value_parser = FalseyValueParser::new())]
    pub traceparent: bool,
    /// A parameter of the load test: JSON if the value is any, else a string
    #[arg(long = "param", value_name = "K=V", env = "HEAVY_PARAM", hide_env_values = true, value_parser = pair)]
    pub param: Vec<(String, String)>,
    /// A file with the load test's parameters as a JSON document; - for stdin
    #[arg(long, value_name = "FILE", env = "HEAVY_PARAMS")]
    pub params: Option<PathBuf>,
    /// A variable for the load test
    #[arg(short, long = "env", value_name = "K=V", env = "HEAVY_ENV", hide_env_values = true, value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// A file with variables for the load test, one KEY=VALUE a line
    #[arg(long, value_name = "FILE", env = "HEAVY_ENV_FILE")]
    pub env_file: Option<PathBuf>,
    /// A condition on what is measured that fails the job if it is not met, as in 'http_req_duration: p(95)<500 over 30s
    /// abort' or 'http_req_failed{step:pay}: rate<1%'; may be given more than once
    #[arg(long = "threshold", value_name = "EXPR", env = "HEAVY_THRESHOLD")]
    pub thresholds: Vec<Threshold>,
    /// Drops for want of a free slot up to this share of the plan do not fail the job [default: 0%]
    #[arg(long, value_name = "P%", env = "HEAVY_ALLOW_DROPS", value_parser = percent, allow_hyphen_values = true)]
    pub allow_drops: Option<f64>,
    /// A generator that could not keep up only warns, instead of making the job INVALID
    #[arg(long, env = "HEAVY_ALLOW_INVALID", value_parser = FalseyValueParser::new())]
    pub allow_invalid: bool,
    /// Which raw rows to keep: all, errors, none or a share as in 10%; statistics always hold everything [default: all]
    #[arg(long, value_name = "P", env = "HEAVY_SAMPLES", help_heading = "Results")]
    pub samples: Option<Samples>,
    /// Keep query strings in stored URLs
    #[arg(long, env = "HEAVY_KEEP_QUERY", value_parser = FalseyValueParser::new(), help_heading = "Results")]
    pub keep_query: bool,
    /// Also write a report when the job has ended, as in html=report.html: text, json, csv, junit, markdown or html; - for
    /// stdout; may be given more than once
    #[arg(
        long,
        value_name = "FORMAT=FILE",
        env = "HEAVY_REPORT",
        help_heading = "Results"
    )]
    pub report: Vec<ReportFile>,
    /// Name of the job [default: the binary's file name]
    #[arg(long, env = "HEAVY_NAME", help_heading = "Results")]
    pub name: Option<String>,
    /// What the job is for
    #[arg(
        long,
        value_name = "TEXT",
        env = "HEAVY_DESCRIPTION",
        help_heading = "Results"
    )]
    pub description: Option<String>,
    /// The service that is tested
    #[arg(long, value_name = "NAME", env = "HEAVY_SERVICE", help_heading = "Results")]
    pub service: Option<String>,
    /// A label of the job, for queries
    #[arg(long = "label", value_name = "K=V", env = "HEAVY_LABEL", value_parser = pair, help_heading = "Results")]
    pub label: Vec<(String, String)>,
}

pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    text.strip_suffix('%')
        .unwrap_or(text)
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "write a percentage from 0 to 100, as in 5%".to_owned())
}
