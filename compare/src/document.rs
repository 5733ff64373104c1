//! The document of a comparison, from which text, JSON, Markdown and HTML are rendered.

use serde::{Deserialize, Serialize};

use super::place::Place;
use super::statistic::Statistic;

/// The version of the document's shape.
pub const VERSION: u32 = 1;

/// A comparison. Times are in ms, rates per second, shares in per cent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`VERSION`].
    pub version: u32,
    /// The verdict over all statistics.
    pub verdict: Conclusion,
    /// A sentence that names the largest changes. Contains hostile text.
    pub headline: String,
    /// Whether the jobs can be compared: there are no caveats.
    pub comparable: bool,
    /// Reasons against comparing these jobs.
    pub caveats: Vec<String>,
    /// Other notes for the reader.
    pub notes: Vec<String>,
    /// The baseline job, or several, newest first.
    pub before: Vec<JobLine>,
    /// The job that is judged.
    pub now: JobLine,
    /// The settings of the judgement.
    pub method: JudgementMethod,
    /// Every workflow, check, step and request of any of the jobs, nested by their order.
    pub places: Vec<PlaceChange>,
}

/// The verdict over all statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Something is worse by more than the tolerance.
    Regression,
    /// Something has changed, and nothing is worse by more than the tolerance.
    Changed,
    /// No change is significant.
    NoDifference,
    /// Too few samples for any finding.
    TooFewSamples,
}

impl Conclusion {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Changed => "changed",
            Self::NoDifference => "no difference",
            Self::TooFewSamples => "too few samples to tell",
        }
    }
}

/// A job in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLine {
    /// Its id.
    pub id: uuid::Uuid,
    /// Its name.
    pub name: String,
    /// Its load in words.
    pub load: String,
    /// Its state.
    pub state: heavy_results::job::JobState,
    /// Its verdict, if it has one.
    pub verdict: Option<heavy_results::verdict::Verdict>,
    /// When it was submitted, in ns since the Unix epoch.
    pub submitted_at_wall_ns: u64,
    /// How much of it was measured, in ms.
    pub measured_ms: u64,
}

/// The settings with which changes were told from noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JudgementMethod {
    /// The probability that all intervals contain the true changes, from 0 to 1.
    pub confidence: f64,
    /// The number of statistics that share the error probability.
    pub judged: u64,
    /// Whether the jobs are too short for intervals of their own, and their seconds were compared.
    #[serde(default)]
    pub by_seconds: bool,
    /// A time or rate that is worse by more is a regression.
    pub tolerance_percent: f64,
    /// A share that is higher by more is a regression.
    pub error_tolerance_points: f64,
    /// Smaller changes are never called changes.
    pub noise_floor_percent: f64,
    /// The seed of the resampling.
    pub seed: u64,
}

/// One place in the baseline and in the judged job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceChange {
    /// The place.
    #[serde(flatten)]
    pub place: Place,
    /// The worst finding of its statistics.
    pub finding: Finding,
    /// Whether any of its statistics is a regression.
    pub regression: bool,
    /// Completions in all earlier jobs together.
    pub count_before: u64,
    /// Completions in the judged job.
    pub count_now: u64,
    /// Failures in all earlier jobs together.
    pub failed_before: u64,
    /// Failures in the judged job.
    pub failed_now: u64,
    /// The fastest before; `None` without durations. Extremes are shown, not judged: they grow with the count.
    pub min_before_ms: Option<f64>,
    /// The fastest now.
    pub min_now_ms: Option<f64>,
    /// The slowest before.
    pub max_before_ms: Option<f64>,
    /// The slowest now.
    pub max_now_ms: Option<f64>,
    /// Cliff's delta of the durations, from -1 (all faster) to 1 (all slower).
    pub effect: Option<f64>,
    /// What an effect of this size is called: negligible, small, medium, large; empty without one.
    pub effect_size: String,
    /// Each statistic, in the order of [`Statistic`].
    pub statistics: Vec<StatisticChange>,
}

/// One statistic in the baseline and in the judged job.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StatisticChange {
    /// The statistic.
    pub kind: Statistic,
    /// The usual value before, if there was one.
    pub before: Option<f64>,
    /// The value now, if there is one.
    pub now: Option<f64>,
    /// The difference: in percentage points for shares, else as a percentage of the usual value.
    pub change: Option<f64>,
    /// The lower end of the change's interval, simultaneous for all statistics; `None`: too few samples.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The finding.
    pub finding: Finding,
    /// Whether it is worse by more than the tolerance.
    pub regression: bool,
}

/// The finding about a statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// A time is longer.
    Slower,
    /// A time is shorter.
    Faster,
    /// A larger share fails.
    MoreErrors,
    /// A smaller share fails.
    FewerErrors,
    /// A larger share is dropped.
    MoreDrops,
    /// A smaller share is dropped.
    FewerDrops,
    /// Less ends in a second.
    LowerRate,
    /// More ends in a second.
    HigherRate,
    /// The change is within the noise or below its floor, and a large one can be excluded.
    NoDifference,
    /// The change is within the noise, which is so large that a large change would be too.
    TooNoisy,
    /// It has too few samples, or in too few seconds.
    TooFewSamples,
    /// A rate, where the jobs were asked for different ones.
    OtherLoad,
    /// Only the earlier jobs have it.
    Gone,
    /// Only the judged job has it.
    New,
}

impl Finding {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::MoreErrors => "more errors",
            Self::FewerErrors => "fewer errors",
            Self::MoreDrops => "more drops",
            Self::FewerDrops => "fewer drops",
            Self::LowerRate => "lower rate",
            Self::HigherRate => "higher rate",
            Self::NoDifference => "no difference",
            Self::TooNoisy => "too noisy to tell",
            Self::TooFewSamples => "too few samples to tell",
            Self::OtherLoad => "not judged: other load",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }

    /// Whether a significant change was found.
    #[must_use]
    pub const fn is_change(self) -> bool {
        self.is_worse()
            || matches!(
                self,
                Self::Faster | Self::FewerErrors | Self::FewerDrops | Self::HigherRate
            )
    }

    /// Whether a significant change for the worse was found.
    #[must_use]
    pub const fn is_worse(self) -> bool {
        matches!(
            self,
            Self::Slower | Self::MoreErrors | Self::MoreDrops | Self::LowerRate
        )
    }
}
