//! The verdict and the headline, from the findings of all statistics.

use super::document::{Conclusion, Finding, PlaceChange, StatisticChange};
use super::place::Level;

/// Changes that the headline names.
const MOST_NAMED: usize = 3;

/// A name with this many samples on one side only is not missing by chance.
const ONE_SIDED: u64 = 100;

/// Regressions first, then what is worse, then any change, then no difference.
pub(super) fn worst(statistics: &[StatisticChange]) -> Finding {
    let first = |wanted: &dyn Fn(&StatisticChange) -> bool| {
        statistics.iter().find(|one| wanted(one)).map(|one| one.finding)
    };
    first(&|one| one.regression)
        .or_else(|| first(&|one| one.finding.is_worse()))
        .or_else(|| first(&|one| one.finding.is_change()))
        .or_else(|| first(&|one| one.finding == Finding::NoDifference))
        .or_else(|| first(&|one| one.finding == Finding::TooNoisy))
        .or_else(|| first(&|one| one.finding == Finding::TooFewSamples))
        .or_else(|| statistics.first().map(|one| one.finding))
        .unwrap_or(Finding::TooFewSamples)
}

/// The verdict over all places.
pub(super) fn verdict(places: &[PlaceChange]) -> Conclusion {
    let any = |wanted: &dyn Fn(&StatisticChange) -> bool| {
        places.iter().flat_map(|place| &place.statistics).any(wanted)
    };
    if any(&|one| one.regression) {
        Conclusion::Regression
    } else if any(&|one| one.finding.is_change()) || places.iter().any(is_one_sided) {
        Conclusion::Changed
    } else if any(&|one| one.finding == Finding::NoDifference) {
        Conclusion::NoDifference
    } else {
        Conclusion::TooFewSamples
    }
}

/// The verdict in a sentence.
pub(super) fn headline(verdict: Conclusion, places: &[PlaceChange]) -> String {
    let all = || places.iter().flat_map(|place| &place.statistics);
    let count = |wanted: &[Finding]| all().filter(|one| wanted.contains(&one.finding)).count();
    let same = count(&[Finding::NoDifference]);
    let untold = count(&[Finding::TooNoisy, Finding::TooFewSamples]);
    let changes = |wanted: fn(&StatisticChange) -> bool| {
        let most = Some(most(places, wanted)).filter(|most| !most.is_empty());
        let sides = [Finding::Gone, Finding::New].map(|side| one_sided(places, side));
        let parts: Vec<String> = most.into_iter().chain(sides.into_iter().flatten()).collect();
        parts.join("; ")
    };
    match verdict {
        Conclusion::Regression => {
            format!(
                "worse by more than the tolerance: {}",
                changes(|one| one.regression)
            )
        }
        Conclusion::Changed => format!(
            "nothing is worse by more than the tolerance, but there are changes: {}",
            changes(|one| one.finding.is_change())
        ),
        Conclusion::NoDifference if untold == 0 => format!("none of {same} statistics has changed"),
        Conclusion::NoDifference => format!(
            "none of {same} statistics has changed; {untold} more have too few samples or too much noise to tell"
        ),
        Conclusion::TooFewSamples => format!(
            "none of {} statistics can be told from its noise: run longer jobs, or use a higher rate",
            all().count()
        ),
    }
}

/// Whether only one side has it, with enough samples that this is not by chance.
fn is_one_sided(place: &PlaceChange) -> bool {
    matches!(place.finding, Finding::Gone | Finding::New) && place.count_before + place.count_now >= ONE_SIDED
}

/// Names what is on one side only.
fn one_sided(places: &[PlaceChange], side: Finding) -> Option<String> {
    let titles: Vec<String> = places
        .iter()
        .filter(|place| place.finding == side && is_one_sided(place))
        .map(|place| place.place.title())
        .collect();
    let more = titles.len().saturating_sub(MOST_NAMED);
    let mut named: Vec<String> = titles.into_iter().take(MOST_NAMED).collect();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    let side = if side == Finding::Gone { "before" } else { "now" };
    (!named.is_empty()).then(|| format!("only {side}: {}", named.join(", ")))
}

/// Names the places that have changed most, requests first: what happens to them happens to their steps and workflows.
fn most(places: &[PlaceChange], wanted: impl Fn(&StatisticChange) -> bool) -> String {
    let size = |one: &StatisticChange| one.change.unwrap_or(0.0).abs();
    let mut changed: Vec<(&PlaceChange, Vec<&StatisticChange>)> = places
        .iter()
        .map(|place| (place, place.statistics.iter().filter(|one| wanted(one)).collect()))
        .filter(|(_, statistics): &(_, Vec<_>)| !statistics.is_empty())
        .collect();
    changed.sort_by(|(a, of_a), (b, of_b)| {
        let largest = |of: &[&StatisticChange]| of.iter().map(|one| size(one)).fold(0.0, f64::max);
        let request = |place: &PlaceChange| place.place.level != Level::Request;
        request(a)
            .cmp(&request(b))
            .then(largest(of_b).total_cmp(&largest(of_a)))
    });
    let mut named: Vec<String> = changed
        .iter()
        .take(MOST_NAMED)
        .map(|(place, statistics)| {
            let words: Vec<String> = statistics.iter().map(|one| in_words(one)).collect();
            format!("{} ({})", place.place.title(), words.join(", "))
        })
        .collect();
    if changed.len() > MOST_NAMED {
        named.push(format!("and {} more", changed.len() - MOST_NAMED));
    }
    named.join(", ")
}

fn in_words(statistic: &StatisticChange) -> String {
    let unit = if statistic.kind.is_share() { " points" } else { "%" };
    let change = statistic.change.unwrap_or(0.0);
    format!("{} {change:+.1}{unit}", statistic.kind.as_str())
}
