//! Whose statistics they are: a workflow, its response times, a check, a step, a request.

use std::sync::Arc;

use heavy_load::protocol;
use serde::{Deserialize, Serialize};

/// What a place in a load test is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Iterations of a workflow, by their duration.
    Workflow,
    /// The same iterations, by their response time.
    ResponseTime,
    /// A check.
    Check,
    /// A step.
    Step,
    /// A request identity.
    Request,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::ResponseTime => "response time",
            Self::Check => "check",
            Self::Step => "step",
            Self::Request => "request",
        }
    }
}

/// A place; ordered as reports nest: a workflow, its own, then its steps with their requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The workflow; empty if not known. Hostile text, as all names here.
    pub workflow: Arc<str>,
    /// The step; empty outside of steps.
    pub step: Arc<str>,
    /// What it is.
    pub level: Level,
    /// The request's or check's name; empty for others.
    pub name: Arc<str>,
    /// The request's method; empty for others.
    pub method: Arc<str>,
    /// The request's protocol family ([`heavy_load::protocol::family`]); empty for others.
    pub protocol: Arc<str>,
}

impl Place {
    /// What it is called in a sentence: `request GET /items`, `request /feed (websocket)`, `step pay`, `workflow shop`.
    #[must_use]
    pub fn title(&self) -> String {
        let own = match self.level {
            Level::Workflow | Level::ResponseTime => &self.workflow,
            Level::Step => &self.step,
            Level::Check | Level::Request => &self.name,
        };
        let own = if own.is_empty() { "(no name)" } else { own };
        match self.level {
            Level::ResponseTime => format!("response time of workflow {own}"),
            Level::Request if !protocol::is_http(&self.protocol) => {
                format!("{} {own} ({})", self.level.as_str(), self.protocol)
            }
            level => format!("{} {own}", level.as_str()),
        }
    }
}
