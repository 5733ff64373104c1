//! Renderings of a comparison of jobs: text, JSON, Markdown and HTML with the same words.

mod html;
mod markdown;
mod text;

use heavy_compare::{
    Conclusion, Finding, JobLine, JudgementMethod, Level, PlaceChange, Statistic, StatisticChange,
};

use crate::standing::Mood;
use crate::units::{count, counted, instant, number, rate, time};

pub use html::render as html;
pub use markdown::render as markdown;
pub use text::render as text;

/// The verdict as the first word of a rendering.
const fn word(verdict: Conclusion) -> &'static str {
    match verdict {
        Conclusion::Regression => "REGRESSION",
        Conclusion::Changed => "CHANGED",
        Conclusion::NoDifference => "NO DIFFERENCE",
        Conclusion::TooFewSamples => "TOO FEW SAMPLES TO TELL",
    }
}

/// A value in the unit of its kind.
fn value(kind: Statistic, value: Option<f64>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |value| match kind {
            Statistic::Rate => rate(value),
            kind if kind.is_share() => format!("{}%", number(value)),
            _ => time(value),
        },
    )
}

/// A change, of shares in percentage points.
fn change(kind: Statistic, change: Option<f64>) -> String {
    let unit = if kind.is_share() { "pp" } else { "%" };
    change.map_or_else(|| "-".to_owned(), |change| format!("{}{unit}", signed(change)))
}

/// A statistic's name, its values before and now, its change and the interval of that.
fn cells(one: &StatisticChange) -> [String; 5] {
    let kind = one.kind;
    let (before, now) = (value(kind, one.before), value(kind, one.now));
    [
        kind.as_str().to_owned(),
        before,
        now,
        change(kind, one.change),
        interval(one),
    ]
}

/// The interval of a change; empty where too little is known.
fn interval(statistic: &StatisticChange) -> String {
    match (statistic.low, statistic.high) {
        (Some(low), Some(high)) => format!("[{}, {}]", signed(low), signed(high)),
        _ => String::new(),
    }
}

/// Two decimals where one would say nothing; no sign where nothing is left.
fn signed(value: f64) -> String {
    let text = if value.abs() < 0.095 {
        format!("{value:+.2}")
    } else if value.abs() < 9_999.5 {
        format!("{value:+.1}")
    } else {
        return if value > 0.0 { ">+9999" } else { "<-9999" }.to_owned();
    };
    match text.as_str() {
        "+0.00" | "-0.00" => "0.0".to_owned(),
        _ => text,
    }
}

/// A finding, and whether it is a regression, in words.
fn finding(finding: Finding, regression: bool) -> String {
    let regression = if regression { ", REGRESSION" } else { "" };
    format!("{}{regression}", finding.as_str())
}

/// What a verdict means to its reader.
const fn mood(verdict: Conclusion) -> Mood {
    match verdict {
        Conclusion::Regression => Mood::Bad,
        Conclusion::Changed | Conclusion::TooFewSamples => Mood::Doubtful,
        Conclusion::NoDifference => Mood::Good,
    }
}

/// What a finding means to its reader; `None` for one that does not matter.
const fn finding_mood(finding: Finding, regression: bool) -> Option<Mood> {
    match finding {
        _ if regression => Some(Mood::Bad),
        finding if finding.is_worse() => Some(Mood::Doubtful),
        finding if finding.is_change() => Some(Mood::Good),
        Finding::NoDifference => Some(Mood::Neutral),
        _ => None,
    }
}

/// How deep a place is: requests and steps are within their workflow.
fn depth(place: &PlaceChange) -> usize {
    match place.place.level {
        Level::Workflow => 0,
        Level::ResponseTime | Level::Check | Level::Step => 1,
        Level::Request if place.place.step.is_empty() => 1,
        Level::Request => 2,
    }
}

/// The statistics of a place that are shown in short: median and P99, or the error rate of what has no durations.
fn telling(place: &PlaceChange) -> Vec<&StatisticChange> {
    let of = |wanted: &[Statistic]| -> Vec<&StatisticChange> {
        let all = place.statistics.iter();
        all.filter(|one| wanted.contains(&one.kind)).collect()
    };
    let times = of(&[Statistic::P50, Statistic::P99]);
    if times.is_empty() {
        of(&[Statistic::ErrorRate])
    } else {
        times
    }
}

/// Whether a place is shown with all its statistics.
fn is_worth_all(place: &PlaceChange) -> bool {
    place.statistics.iter().any(|one| one.finding.is_change())
}

/// A job in a line, not escaped.
fn job(line: &JobLine) -> String {
    let verdict = line
        .verdict
        .map_or(line.state.as_str(), |verdict| verdict.as_str());
    format!(
        "{}  {}, {}, {}, {} measured, {verdict}",
        line.id,
        line.name,
        line.load,
        instant(line.submitted_at_wall_ns),
        time(line.measured_ms as f64)
    )
}

/// How changes were told from noise, and the tolerances.
fn method(method: &JudgementMethod) -> String {
    let judged = counted(method.judged, "statistic");
    let confidence = 100.0 * method.confidence;
    let how = if method.judged == 0 {
        "nothing could be judged: the jobs are too short, or have too few samples".to_owned()
    } else if method.by_seconds {
        format!(
            "{judged} compared second by second: a change is one that at most {:.0}% of random reorderings of the jobs' \
             seconds reach",
            100.0 - confidence
        )
    } else {
        format!("intervals of {judged}, simultaneous at {confidence:.0}% confidence")
    };
    format!(
        "{how}; changes below {}% are noise; worse by more than {}% ({} percentage points of failed or dropped) is a \
         regression",
        method.noise_floor_percent, method.tolerance_percent, method.error_tolerance_points
    )
}

/// How many ended and failed, before and now, and how far the distributions are apart.
fn counts(place: &PlaceChange) -> String {
    let mut text = format!("{} -> {}", count(place.count_before), count(place.count_now));
    if place.failed_before + place.failed_now > 0 {
        text.push_str(&format!(
            ", failed {} -> {}",
            count(place.failed_before),
            count(place.failed_now)
        ));
    }
    if let Some(effect) = place.effect {
        text.push_str(&format!(", effect {effect:+.2} ({})", place.effect_size));
    }
    text
}

/// The fastest and the slowest by name, before and now, if there are any.
fn extremes(place: &PlaceChange) -> Option<[(&'static str, String, String); 2]> {
    let of = |name, before, now| (name, time(before), time(now));
    Some([
        of("fastest", place.min_before_ms?, place.min_now_ms?),
        of("slowest", place.max_before_ms?, place.max_now_ms?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_is_that_of_the_comparison() {
        let said = |judged, by_seconds| {
            method(&JudgementMethod {
                confidence: 0.99,
                judged,
                by_seconds,
                tolerance_percent: 5.0,
                error_tolerance_points: 0.1,
                noise_floor_percent: 3.0,
                seed: 1,
            })
        };
        for (judged, by_seconds, begins) in [
            (
                1_200,
                false,
                "intervals of 1,200 statistics, simultaneous at 99% confidence; changes below 3%",
            ),
            (
                9,
                true,
                "9 statistics compared second by second: a change is one that at most 1% of random reorderings of the \
                 jobs' seconds reach; changes below 3%",
            ),
            (
                0,
                true,
                "nothing could be judged: the jobs are too short, or have too few samples; changes",
            ),
            (0, false, "nothing could be judged"),
        ] {
            let text = said(judged, by_seconds);
            assert!(text.starts_with(begins), "{text}");
        }
    }
}
