//! A comparison as GitHub's Markdown: for a comment on a change.

use heavy_compare::{Comparison, PlaceChange, StatisticChange};

use super::{cells, counts, finding, is_worth_all, job, method, telling, word};
use crate::markdown::line;
use crate::markup::markdown;

/// Places beyond these are counted: a comment has at most 65,536 characters.
const MOST_PLACES: usize = 100;

/// Columns of a name or a sentence.
const LONGEST_TEXT: usize = 1_200;

/// For a comment on a change: what has changed as a table, the rest collapsed.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let mut page = String::new();
    for caveat in &comparison.caveats {
        line(&mut page, &format!("> **Not comparable:** {}", plain(caveat)));
        line(&mut page, ">");
    }
    if !comparison.caveats.is_empty() {
        line(&mut page, "");
    }
    let headline = plain(&comparison.headline);
    line(
        &mut page,
        &format!("**{}**: {headline}\n", word(comparison.verdict)),
    );
    let changed: Vec<&PlaceChange> = comparison
        .places
        .iter()
        .filter(|place| is_worth_all(place))
        .collect();
    if !changed.is_empty() {
        line(
            &mut page,
            "| | statistic | before | now | change | interval | |\n|---|---|--:|--:|--:|:-:|---|",
        );
        for place in changed.iter().take(MOST_PLACES) {
            for one in place.statistics.iter().filter(|one| one.finding.is_change()) {
                line(&mut page, &row(place, one));
            }
        }
        more(&mut page, changed.len());
    }
    line(
        &mut page,
        &format!(
            "<details><summary>{} places, jobs and method</summary>\n",
            comparison.places.len()
        ),
    );
    line(
        &mut page,
        "| | count | statistic | before | now | change | interval | |\n|---|---|---|--:|--:|--:|:-:|---|",
    );
    for place in comparison.places.iter().take(MOST_PLACES) {
        summary_rows(&mut page, place);
    }
    more(&mut page, comparison.places.len());
    for earlier in &comparison.before {
        line(&mut page, &format!("- before: {}", plain(&job(earlier))));
    }
    line(&mut page, &format!("- now: {}", plain(&job(&comparison.now))));
    for note in &comparison.notes {
        line(&mut page, &format!("- {}", plain(note)));
    }
    line(&mut page, &format!("- {}", plain(&method(&comparison.method))));
    line(&mut page, "\n</details>");
    page
}

/// Ends a table, and says what is left out of it.
fn more(page: &mut String, places: usize) {
    line(page, "");
    if places > MOST_PLACES {
        line(
            page,
            &format!(
                "{} more omitted; JSON and HTML have them.\n",
                places - MOST_PLACES
            ),
        );
    }
}

fn row(place: &PlaceChange, one: &StatisticChange) -> String {
    let title = plain(&place.place.title());
    format!(
        "| {title} | {} | **{}** |",
        cells(one).join(" | "),
        finding(one.finding, one.regression)
    )
}

/// A place with its first statistic, and its others below.
fn summary_rows(page: &mut String, place: &PlaceChange) {
    let (name, counts, word) = (
        plain(&place.place.title()),
        plain(&counts(place)),
        finding(place.finding, place.regression),
    );
    let shown = telling(place);
    let Some((first, others)) = shown.split_first() else {
        return line(page, &format!("| {name} | {counts} | | | | | | {word} |"));
    };
    line(
        page,
        &format!("| {name} | {counts} | {} | {word} |", cells(first).join(" | ")),
    );
    for one in others {
        line(page, &format!("| | | {} | |", cells(one).join(" | ")));
    }
}

/// Hostile text as words of a paragraph or a cell.
fn plain(text: &str) -> String {
    markdown(text, LONGEST_TEXT)
}
