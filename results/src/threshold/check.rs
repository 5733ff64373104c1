//! Checks of a threshold beyond its grammar.

use super::aggregate::{Aggregate, Operator};
use super::limit::Written;
use super::metric::MetricType;
use super::{Error, LONGEST_WINDOW, Threshold};

/// Whether the limit can be one of this metric.
pub(super) fn limit(threshold: &Threshold) -> Result<(), Error> {
    let Threshold { metric, limit, .. } = threshold;
    let is_count = threshold.aggregate == Aggregate::Count;
    let fits = match limit.written() {
        Written::Plain => true,
        Written::Percent => metric.kind == MetricType::Share,
        Written::Time => metric.is_time() && !is_count,
    };
    if !fits {
        let why = match metric.kind {
            MetricType::Custom => "custom metrics have units of their own: write a plain number",
            MetricType::Share => "the metric is a share: write 0.01 or 1%",
            MetricType::Counter => "it is a count: write a plain number",
            MetricType::Trend | MetricType::Sum if is_count => "it is a count: write a plain number",
            MetricType::Trend | MetricType::Sum => "the metric is a time: write 500, 500ms or 1.5s",
        };
        return Err(Error::new(format!("invalid limit {limit}: {why}")));
    }
    if metric.kind == MetricType::Share && !(0.0..=1.0).contains(&limit.value()) {
        return Err(Error::new(format!(
            "invalid limit {limit}: a share is 0 to 1; write 0.05 or 5% for 5 in 100"
        )));
    }
    if metric.kind != MetricType::Custom && limit.value() < 0.0 {
        return Err(Error::new(format!(
            "invalid limit {limit}: {} is never below 0",
            metric.name
        )));
    }
    Ok(())
}

/// Whether the clauses after the limit are compatible.
pub(super) fn clauses(threshold: &Threshold) -> Result<(), Error> {
    if let Some(window) = threshold.window
        && window > LONGEST_WINDOW
    {
        return Err(Error::new(format!(
            "over {window} exceeds the longest window, {LONGEST_WINDOW}"
        )));
    }
    if threshold.delay.is_some() && !threshold.abort && threshold.window.is_none() {
        return Err(Error::new(
            "delay requires abort or over: add one, or leave delay out",
        ));
    }
    let grows = threshold.aggregate == Aggregate::Count && threshold.window.is_none();
    if threshold.abort && grows && !matches!(threshold.operator, Operator::Below | Operator::AtMost) {
        return Err(Error::new(format!(
            "a count starts at 0, so {}{}{} would stop the load at once: leave abort out, or add over",
            threshold.aggregate, threshold.operator, threshold.limit
        )));
    }
    Ok(())
}
