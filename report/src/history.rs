//! Renderings of the history of a service: a table with sparklines, JSON, CSV.

use heavy_compare::trend::{Break, BreakLine, History, HistoryJob, TrendMetric};
use heavy_load::escape::escape;

use crate::HEIGHTS;
use crate::Style;
use crate::clip::clip;
use crate::csv::Csv;
use crate::page::{Page, Tone};
use crate::units::{instant, number, rate, time};

/// A row for each job, oldest first; values in their full precision.
#[must_use]
pub fn csv(history: &History) -> String {
    let mut out = Csv::default();
    out.header(
        "id,submitted_at,name,load,state,verdict,aside,p50_ms,p95_ms,p99_ms,error_percent,achieved_rate,breaks".split(','),
    );
    for job in &history.jobs {
        out.value(job.id);
        out.value(instant(job.submitted_at_wall_ns));
        out.escaped(&job.name);
        out.escaped(&job.load);
        out.value(job.state.as_str());
        out.value(job.verdict.map_or("", |verdict| verdict.as_str()));
        out.escaped(&job.aside);
        for metric in TrendMetric::ALL {
            out.optional(job.value(metric));
        }
        let breaks: Vec<String> = job.breaks.iter().map(broken).collect();
        out.escaped(&breaks.join("; "));
        out.end_record();
    }
    out.into_text()
}

/// For a terminal: sparklines, a row for each job, oldest first, and what broke the trend.
#[must_use]
pub fn text(history: &History, style: &Style) -> String {
    let mut page = Page::new(style);
    let subject = &history.subject;
    page.line(&match &subject.workflow {
        Some(workflow) => format!(
            "{}/{}: times, errors and rate of iterations, oldest job first",
            escape(&subject.service),
            escape(workflow)
        ),
        None => format!(
            "{}: times and errors of all requests, rate of iterations, oldest job first",
            escape(&subject.service)
        ),
    });
    page.blank();
    for metric in TrendMetric::ALL {
        let values: Vec<Option<f64>> = history.jobs.iter().map(|job| job.value(metric)).collect();
        let known = || values.iter().flatten().copied();
        let (low, high) = (
            known().fold(f64::INFINITY, f64::min),
            known().fold(f64::NEG_INFINITY, f64::max),
        );
        if low.is_finite() {
            let range = format!("{} to {}", shown(metric, Some(low)), shown(metric, Some(high)));
            page.line(&format!(
                "  {:<14} {}  {range}",
                metric.as_str(),
                sparkline(&values)
            ));
        }
    }
    page.blank();
    let heads = format!(
        "  {:<36}  {:<20} {:>8} {:>8} {:>8} {:>7} {:>10}",
        "job", "submitted", "P50", "P95", "P99", "errors", "rate"
    );
    let heads = page.paint(Tone::Quiet, &heads);
    page.line(&heads);
    for job in &history.jobs {
        page.line(&row(job));
        for broken_line in &job.breaks {
            let text = format!("      ^ {}", broken(broken_line));
            let text = page.paint(Tone::Doubtful, &text);
            page.line(&text);
        }
    }
    page.blank();
    page.line(&conclusion(history));
    page.finish()
}

fn row(job: &HistoryJob) -> String {
    let value = |metric| shown(metric, job.value(metric));
    let note = match (job.aside.as_str(), job.verdict) {
        ("", Some(verdict)) => verdict.as_str().to_owned(),
        ("", None) => job.state.as_str().to_owned(),
        ("other load", _) => format!("other load: {}", clip(&job.load, 40)),
        (aside, _) => aside.to_owned(),
    };
    format!(
        "  {}  {:<20} {:>8} {:>8} {:>8} {:>7} {:>10}  {note}",
        job.id,
        instant(job.submitted_at_wall_ns).trim_end_matches(" UTC"),
        value(TrendMetric::P50),
        value(TrendMetric::P95),
        value(TrendMetric::P99),
        value(TrendMetric::ErrorRate),
        value(TrendMetric::AchievedRate),
    )
}

fn shown(metric: TrendMetric, value: Option<f64>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |value| match metric {
            TrendMetric::P50 | TrendMetric::P95 | TrendMetric::P99 => time(value),
            TrendMetric::ErrorRate => format!("{}%", number(value)),
            TrendMetric::AchievedRate => rate(value),
        },
    )
}

fn broken(line: &BreakLine) -> String {
    let how = match line.kind {
        Break::Shift => "from here on",
        Break::Once => "only here",
        Break::Newest => "in the newest job; the next one shows whether it stays",
    };
    format!(
        "{} {}: {} after {} usually, {how}",
        line.metric.as_str(),
        line.word(),
        shown(line.metric, Some(line.value)),
        shown(line.metric, Some(line.usual))
    )
}

fn conclusion(history: &History) -> String {
    let broke: Vec<&HistoryJob> = history
        .jobs
        .iter()
        .filter(|job| job.breaks.iter().any(|line| line.kind != Break::Once))
        .collect();
    let counted = history.jobs.iter().filter(|job| job.aside.is_empty()).count();
    match broke.last() {
        Some(job) => {
            let metrics: Vec<&str> = job
                .breaks
                .iter()
                .filter(|line| line.kind != Break::Once)
                .map(|line| line.metric.as_str())
                .collect();
            format!("job {} broke the trend: {}", job.id, metrics.join(", "))
        }
        None if counted < 5 => format!(
            "{counted} jobs with the newest job's load are too few for a trend: it requires at least 5"
        ),
        None => format!("no job broke the trend of {counted}"),
    }
}

/// A character for each value, from the lowest to the highest; a blank where there is none.
fn sparkline(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().copied();
    let low = known().fold(f64::INFINITY, f64::min);
    let high = known().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: f64| {
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.0
        };
        HEIGHTS[((share * 8.0) as usize).min(7)]
    };
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines_span_lowest_to_highest() {
        let values = [Some(1.0), None, Some(5.0), Some(9.0)];
        assert_eq!(sparkline(&values), "▁ ▅█");
        assert_eq!(sparkline(&[Some(3.0); 3]), "▁▁▁");
        assert_eq!(sparkline(&[None]), " ");
    }
}
