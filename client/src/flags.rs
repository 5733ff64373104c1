//! The flags that say how to run a load test.
//!
//! Those of the load and of its execution are [`LoadSpec`] and [`ExecutionSpec`]; the others are named as their keys in
//! job documents, which [`LoadFlags::keys`] returns.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use heavy_load::execution::ExecutionSpec;
use heavy_load::spec::LoadSpec;
use heavy_results::job::{Keys, Samples};
use heavy_results::threshold::Threshold;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Error, FromEnv, ReportFile};

/// How to run a load test; every flag also reads `HEAVY_...` from the environment.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Load")]
pub struct LoadFlags {
    /// What to start, and when.
    #[command(flatten)]
    #[serde(flatten)]
    pub load_spec: FromEnv<LoadSpec>,
    /// How to run iterations.
    #[command(flatten)]
    #[serde(flatten)]
    pub execution: FromEnv<ExecutionSpec>,
    /// Job file, TOML or JSON; flags override it
    #[serde(skip)]
    #[arg(long, value_name = "FILE", env = "HEAVY_FILE")]
    pub file: Option<PathBuf>,
    /// Parameter of the load test; a value that is not JSON is a string (can be repeated)
    #[arg(long = "param", value_name = "K=V", env = "HEAVY_PARAM", hide_env_values = true, value_parser = pair)]
    #[serde(skip)]
    pub param: Vec<(String, String)>,
    /// File with the load test's parameters as a JSON document; - for stdin
    #[arg(long, value_name = "FILE", env = "HEAVY_PARAMS")]
    #[serde(skip)]
    pub params: Option<PathBuf>,
    /// Environment variable of the load test (can be repeated)
    #[arg(short, long = "env", value_name = "K=V", env = "HEAVY_ENV", hide_env_values = true, value_parser = pair)]
    #[serde(skip)]
    pub env: Vec<(String, String)>,
    /// File with environment variables of the load test, one KEY=VALUE per line
    #[arg(long, value_name = "FILE", env = "HEAVY_ENV_FILE")]
    #[serde(skip)]
    pub env_file: Option<PathBuf>,
    /// Condition that fails the job unless it is met, such as 'http_req_duration: p(95)<500 over 30s abort' or
    /// 'http_req_failed{step:pay}: rate<1%' (can be repeated)
    #[arg(long = "threshold", value_name = "EXPR", env = "HEAVY_THRESHOLD")]
    #[serde(skip)]
    pub thresholds: Vec<Threshold>,
    /// Share of the plan that may be dropped for lack of a free slot without failing the job [default: 0%]
    #[arg(long, value_name = "P%", env = "HEAVY_ALLOW_DROPS", value_parser = percent, allow_hyphen_values = true)]
    #[serde(rename = "allow_drops_percent", skip_serializing_if = "Option::is_none")]
    pub allow_drops: Option<f64>,
    /// Warn about a generator that could not keep up, instead of making the job INVALID
    #[arg(long, env = "HEAVY_ALLOW_INVALID", value_parser = FalseyValueParser::new())]
    pub allow_invalid: bool,
    /// Which raw rows to keep: all, errors, none or a share such as 10%; statistics always cover everything [default: all]
    #[arg(long, value_name = "P", env = "HEAVY_SAMPLES", help_heading = "Results")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<Samples>,
    /// Keep query strings in stored URLs
    #[arg(long, env = "HEAVY_KEEP_QUERY", value_parser = FalseyValueParser::new(), help_heading = "Results")]
    pub keep_query: bool,
    /// Also write a report when the job has ended, such as html=report.html: text, json, csv, junit, markdown or html; - for
    /// stdout (can be repeated)
    #[arg(
        long,
        value_name = "FORMAT=FILE",
        env = "HEAVY_REPORT",
        help_heading = "Results"
    )]
    #[serde(skip)]
    pub report: Vec<ReportFile>,
    /// Name of the job [default: the binary's file name]
    #[arg(long, env = "HEAVY_NAME", help_heading = "Results")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Purpose of the job
    #[arg(
        long,
        value_name = "TEXT",
        env = "HEAVY_DESCRIPTION",
        help_heading = "Results"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Name of the service under test
    #[arg(long, value_name = "NAME", env = "HEAVY_SERVICE", help_heading = "Results")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Label of the job, for queries (can be repeated)
    #[arg(long = "label", value_name = "K=V", env = "HEAVY_LABEL", value_parser = pair, help_heading = "Results")]
    #[serde(
        rename = "labels",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "map"
    )]
    pub label: Vec<(String, String)>,
}

impl LoadFlags {
    /// The keys of a job document that these flags set; without params, variables and thresholds, which add to others.
    ///
    /// # Errors
    /// Never: every flag has a form in JSON.
    pub fn keys(&self) -> Result<Keys, Error> {
        let mut keys = match serde_json::to_value(self)? {
            Value::Object(keys) => keys,
            _ => Keys::new(),
        };
        // A switch that is off overrides nothing.
        keys.retain(|_, value| *value != Value::Bool(false));
        Ok(keys)
    }
}

fn map<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

/// Splits `KEY=VALUE`; the error says what was expected.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    text.strip_suffix('%')
        .unwrap_or(text)
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "expected a percentage from 0 to 100, such as 5%".to_owned())
}
