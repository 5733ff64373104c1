//! The history of a service's or a workflow's jobs, oldest first.

use serde::{Deserialize, Serialize};

use super::{Break, Floor, breaks};
use heavy_results::job::{JobInfo, JobState};
use heavy_results::summary::{Distribution, Summary, WorkflowSummary};
use heavy_results::verdict::Verdict;

/// The version of the document's shape.
pub const VERSION: u32 = 1;

/// A figure that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrendMetric {
    /// The median, in ms.
    P50,
    /// In ms.
    P95,
    /// In ms.
    P99,
    /// The share that failed, in per cent.
    ErrorRate,
    /// Per second.
    AchievedRate,
}

impl TrendMetric {
    /// All, in the order of tables.
    pub const ALL: [Self; 5] = [
        Self::P50,
        Self::P95,
        Self::P99,
        Self::ErrorRate,
        Self::AchievedRate,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P50 => "P50",
            Self::P95 => "P95",
            Self::P99 => "P99",
            Self::ErrorRate => "error rate",
            Self::AchievedRate => "achieved rate",
        }
    }

    /// What two jobs of one system may differ by.
    const fn floor(self) -> Floor {
        match self {
            Self::P50 | Self::P95 | Self::P99 => Floor {
                relative: 0.1,
                absolute: 0.05,
            },
            Self::ErrorRate => Floor {
                relative: 0.0,
                absolute: 0.1,
            },
            Self::AchievedRate => Floor {
                relative: 0.02,
                absolute: 0.0,
            },
        }
    }
}

/// The jobs of a history: of a service, or of one of its workflows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistorySubject {
    /// The service.
    pub service: String,
    /// One of its workflows; `None`: all requests of a job together.
    pub workflow: Option<String>,
}

/// Jobs over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// [`VERSION`].
    pub version: u32,
    /// The service or workflow.
    pub subject: HistorySubject,
    /// Oldest first.
    pub jobs: Vec<HistoryJob>,
}

/// One job in a history. Holds hostile text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryJob {
    /// Its id.
    pub id: uuid::Uuid,
    /// When it was submitted, in ns since the Unix epoch.
    pub submitted_at_wall_ns: u64,
    /// Its name.
    pub name: String,
    /// Its load in words.
    pub load: String,
    /// Its state.
    pub state: JobState,
    /// Its verdict, if it has one.
    pub verdict: Option<Verdict>,
    /// Why it is not part of the trend; empty if it is.
    pub aside: String,
    /// The median, in ms; `None` without results.
    pub p50_ms: Option<f64>,
    /// The 95th percentile, in ms; `None` without results.
    pub p95_ms: Option<f64>,
    /// The 99th percentile, in ms; `None` without results.
    pub p99_ms: Option<f64>,
    /// The share that failed, in per cent; `None` without results.
    pub error_percent: Option<f64>,
    /// Iterations started per second; `None` without results.
    pub achieved_rate: Option<f64>,
    /// The metrics of which it broke the trend.
    pub breaks: Vec<BreakLine>,
}

/// A break of the trend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BreakLine {
    /// The metric.
    pub metric: TrendMetric,
    /// How it broke the trend.
    pub kind: Break,
    /// The usual value before it.
    pub usual: f64,
    /// Its value.
    pub value: f64,
}

impl BreakLine {
    /// In words, such as `slower`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let more = self.value > self.usual;
        match (self.metric, more) {
            (TrendMetric::P50 | TrendMetric::P95 | TrendMetric::P99, true) => "slower",
            (TrendMetric::P50 | TrendMetric::P95 | TrendMetric::P99, false) => "faster",
            (TrendMetric::ErrorRate, true) => "more errors",
            (TrendMetric::ErrorRate, false) => "fewer errors",
            (TrendMetric::AchievedRate, true) => "higher rate",
            (TrendMetric::AchievedRate, false) => "lower rate",
        }
    }
}

impl HistoryJob {
    /// Of a job and its summary, if it has one.
    fn of(job: &JobInfo, summary: Option<&Summary>, subject: &HistorySubject) -> Self {
        let mut line = Self {
            id: job.id,
            submitted_at_wall_ns: job.submitted_at_wall_ns,
            name: job.spec.shown_name().to_owned(),
            load: job.spec.describe_load(),
            state: job.state,
            verdict: job.verdict,
            aside: String::new(),
            p50_ms: None,
            p95_ms: None,
            p99_ms: None,
            error_percent: None,
            achieved_rate: None,
            breaks: Vec::new(),
        };
        let Some(summary) = summary else { return line };
        match &subject.workflow {
            None => {
                let requests = &summary.requests;
                line.take(&requests.duration, requests.failed, requests.duration.count);
                line.achieved_rate = job.achieved_rate;
            }
            Some(name) => {
                let named = |workflow: &&WorkflowSummary| workflow.name == *name;
                if let Some(workflow) = summary.workflows.iter().find(named) {
                    let times = workflow.response_time.as_ref().unwrap_or(&workflow.duration);
                    let of = &workflow.iterations;
                    line.take(times, of.failed, of.ok + of.failed);
                    line.achieved_rate = Some(workflow.rate);
                }
            }
        }
        line
    }

    fn take(&mut self, times: &Distribution, failed: u64, count: u64) {
        if times.count > 0 {
            self.p50_ms = Some(times.p50_ms);
            self.p95_ms = Some(times.p95_ms);
            self.p99_ms = Some(times.p99_ms);
        }
        self.error_percent = (count > 0).then(|| 100.0 * failed as f64 / count as f64);
    }

    /// Its figure of this kind.
    #[must_use]
    pub const fn value(&self, metric: TrendMetric) -> Option<f64> {
        match metric {
            TrendMetric::P50 => self.p50_ms,
            TrendMetric::P95 => self.p95_ms,
            TrendMetric::P99 => self.p99_ms,
            TrendMetric::ErrorRate => self.error_percent,
            TrendMetric::AchievedRate => self.achieved_rate,
        }
    }
}

impl History {
    /// Of jobs with their summaries, in any order. A job that did not run to its end, is INVALID or had another load
    /// than the newest is shown and takes no part in the trend.
    #[must_use]
    pub fn new(subject: HistorySubject, jobs: &[(JobInfo, Option<Summary>)]) -> Self {
        let mut lines: Vec<HistoryJob> = jobs
            .iter()
            .map(|(job, summary)| HistoryJob::of(job, summary.as_ref(), &subject))
            .collect();
        lines.sort_by_key(|line| (line.submitted_at_wall_ns, line.id));
        let load = lines
            .iter()
            .rev()
            .find(|line| aside(line, None).is_none())
            .map(|line| line.load.clone());
        for line in &mut lines {
            line.aside = aside(line, load.as_deref()).unwrap_or_default().to_owned();
        }
        for metric in TrendMetric::ALL {
            let part = |line: &HistoryJob| line.aside.is_empty().then(|| line.value(metric)).flatten();
            let values: Vec<Option<f64>> = lines.iter().map(part).collect();
            for broken in breaks(&values, metric.floor()) {
                let value = values[broken.place].unwrap_or_default();
                lines[broken.place].breaks.push(BreakLine {
                    metric,
                    kind: broken.kind,
                    usual: broken.usual,
                    value,
                });
            }
        }
        Self {
            version: VERSION,
            subject,
            jobs: lines,
        }
    }
}

fn aside(line: &HistoryJob, load: Option<&str>) -> Option<&'static str> {
    match (line.state, line.verdict) {
        (state, _) if !state.is_final() => Some("still running"),
        (JobState::Stopped, _) => Some("stopped"),
        (JobState::Failed, _) => Some("could not run"),
        (_, Some(Verdict::Invalid)) => Some("INVALID"),
        _ if line.p50_ms.is_none() && line.error_percent.is_none() => Some("no results"),
        _ if load.is_some_and(|load| load != line.load) => Some("other load"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_results::job::JobSpec;
    use uuid::Uuid;

    fn job(number: u64, rate: &str, state: JobState) -> JobInfo {
        let spec = JobSpec::new("a".repeat(64), rate.parse().unwrap(), "10s".parse().unwrap());
        JobInfo {
            state,
            verdict: state.is_final().then_some(Verdict::Pass),
            planned: 0,
            asked_rate: 0.0,
            achieved_rate: Some(100.0),
            load_s: Some(10.0),
            ..JobInfo::queued(Uuid::from_u128(u128::from(number)), spec, number)
        }
    }

    fn summary(job: &JobInfo, ms: f64) -> Summary {
        let mut aggregator =
            heavy_results::aggregate::Aggregator::new(job.spec.load(), [("one".to_owned(), 1)]);
        let mut duration = heavy_load::histogram::Histogram::default();
        duration.record_n((ms * 1e6) as u64, 100);
        aggregator.apply(
            "one",
            1,
            &heavy_results::stats::Delta {
                requests: vec![heavy_results::stats::Requests {
                    duration,
                    ..heavy_results::stats::Requests::default()
                }],
                ..heavy_results::stats::Delta::default()
            },
        );
        aggregator.summary(job, &[], true)
    }

    #[test]
    fn the_job_from_which_on_it_is_slower_is_named_and_others_stand_aside() {
        let mut jobs: Vec<(JobInfo, Option<Summary>)> = Vec::new();
        for number in 0..10 {
            let job = job(number, "100", JobState::Finished);
            let found = summary(&job, if number < 6 { 10.0 } else { 14.0 });
            jobs.push((job, Some(found)));
        }
        let odd = job(3, "900", JobState::Finished);
        let found = summary(&odd, 500.0);
        jobs[3] = (odd, Some(found));
        jobs.push((job(10, "100", JobState::Running), None));
        let subject = HistorySubject {
            service: "shop".to_owned(),
            workflow: None,
        };
        let history = History::new(subject, &jobs);
        let broken: Vec<usize> = (0..11)
            .filter(|at| !history.jobs[*at].breaks.is_empty())
            .collect();
        assert_eq!(broken, [6]);
        let words: Vec<&str> = history.jobs[6].breaks.iter().map(BreakLine::word).collect();
        assert_eq!(words, ["slower"; 3]);
        assert_eq!(history.jobs[3].aside, "other load");
        assert_eq!(history.jobs[10].aside, "still running");
    }
}
