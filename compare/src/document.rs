//! What is said of two jobs: one document, from which text, JSON, Markdown and HTML are rendered.

use serde::{Deserialize, Serialize};

use super::measure::Statistic;
use super::place::Place;

/// The version of the document's shape.
pub const VERSION: u32 = 1;

/// A comparison. Times are in ms, rates per second, shares in per cent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`VERSION`].
    pub version: u32,
    /// In a word.
    pub verdict: Conclusion,
    /// In a sentence, which names what has changed most. Holds hostile text.
    pub headline: String,
    /// Whether nothing speaks against comparing these jobs.
    pub comparable: bool,
    /// What speaks against it.
    pub caveats: Vec<String>,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// The job that is the measure, or several, newest first.
    pub before: Vec<JobLine>,
    /// The job that is judged.
    pub now: JobLine,
    /// How it was judged.
    pub method: Method,
    /// Every workflow, check, step and request of any of the jobs, nested by their order.
    pub places: Vec<PlaceChange>,
}

/// All statistics in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Something is worse by more than is tolerated.
    Regression,
    /// Something has changed, and nothing is worse by more than is tolerated.
    Changed,
    /// Nothing has changed, as far as can be told.
    NoDifference,
    /// Nothing can be told.
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

/// How changes were told from noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// How likely all intervals together hold what they should, from 0 to 1.
    pub confidence: f64,
    /// How many statistics share what is left of it.
    pub judged: u64,
    /// Beyond which a worse time or rate is a regression.
    pub tolerance_percent: f64,
    /// Beyond which a higher share is one.
    pub error_tolerance_points: f64,
    /// Smaller changes are never called changes.
    pub noise_floor_percent: f64,
    /// What the resamples followed from.
    pub seed: u64,
}

/// One place in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceChange {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// What is to be said of it as a whole: the worst of its statistics.
    pub finding: Finding,
    /// Whether any of its statistics is a regression.
    pub regression: bool,
    /// What ended, in all earlier jobs together.
    pub count_before: u64,
    /// What ended, now.
    pub count_now: u64,
    /// What failed, in all earlier jobs together.
    pub failed_before: u64,
    /// What failed, now.
    pub failed_now: u64,
    /// The fastest; `None` without durations. Extremes are shown and never judged: they grow with the count.
    pub min_before_ms: Option<f64>,
    /// As above.
    pub min_now_ms: Option<f64>,
    /// The slowest.
    pub max_before_ms: Option<f64>,
    /// As above.
    pub max_now_ms: Option<f64>,
    /// Cliff's delta of the durations, from -1 (all faster) to 1 (all slower).
    pub effect: Option<f64>,
    /// What an effect of this size is called: negligible, small, medium, large; empty without one.
    pub effect_size: String,
    /// Each statistic, in the order of [`Statistic`].
    pub statistics: Vec<StatisticChange>,
}

/// One statistic in both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StatisticChange {
    /// Which.
    pub kind: Statistic,
    /// What was usual; `None`: there was none.
    pub before: Option<f64>,
    /// What it is now; `None`: there is none.
    pub now: Option<f64>,
    /// Of shares the difference in percentage points, of all others in per cent of what was usual.
    pub change: Option<f64>,
    /// The interval of the change at the method's confidence, for all statistics at once; `None`: too few samples.
    pub low: Option<f64>,
    /// As above.
    pub high: Option<f64>,
    /// In a word.
    pub finding: Finding,
    /// Whether it is worse by more than is tolerated.
    pub regression: bool,
}

/// What can be said of a statistic.
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
    /// It rests on too few samples, or on too few seconds.
    TooFewSamples,
    /// A rate, where the jobs were asked for different ones.
    OtherLoad,
    /// It was there before only.
    Gone,
    /// It is there now only.
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
