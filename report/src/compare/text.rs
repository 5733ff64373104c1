//! A comparison for a terminal.

use heavy_compare::{Comparison, Finding, Level, PlaceChange, StatisticChange, Verdict};

use super::{
    change, counts, extremes, finding, interval, is_worth_all, job, method, place_finding, telling, value,
    word,
};
use crate::Style;
use crate::escape::{clip, columns, escape};

const NARROWEST: usize = 80;
const WIDEST: usize = 120;

/// Columns of a name beside its one statistic are what these leave.
const BESIDE_NAME: usize = 58;

struct Page {
    lines: String,
    colour: bool,
    width: usize,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.lines.push_str(text.trim_end());
        self.lines.push('\n');
    }

    fn paint(&self, sgr: &str, text: &str) -> String {
        if self.colour && !sgr.is_empty() {
            format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A head, and hostile text beside it over as many lines as it needs.
    fn wrapped(&mut self, head: &str, sgr: &str, text: &str) {
        let indent = columns(head);
        let room = self.width.saturating_sub(indent).max(20);
        let mut line = String::new();
        let mut lead = self.paint(sgr, head);
        for word in escape(text).split(' ') {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
                self.line(&format!("{lead}{line}"));
                lead = " ".repeat(indent);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&format!("{lead}{line}"));
    }
}

pub(super) fn render(comparison: &Comparison, style: &Style) -> String {
    let mut page = Page {
        lines: String::new(),
        colour: style.colour,
        width: style.width.clamp(NARROWEST, WIDEST),
    };
    for caveat in &comparison.caveats {
        page.wrapped("NOT COMPARABLE  ", "1;33", caveat);
    }
    let tone = match comparison.verdict {
        Verdict::Regression => "1;31",
        Verdict::Changed | Verdict::TooFewSamples => "1;33",
        Verdict::NoDifference => "1;32",
    };
    let head = format!("{}  ", word(comparison.verdict));
    page.wrapped(&head, tone, &comparison.headline);
    page.line("");
    for earlier in &comparison.before {
        page.wrapped("  Before  ", "2", &job(earlier));
    }
    page.wrapped("  Now     ", "2", &job(&comparison.now));
    page.wrapped("  Method  ", "2", &method(comparison));
    for note in &comparison.notes {
        page.wrapped("  Note    ", "2", note);
    }
    page.line("");
    for place in &comparison.places {
        if style.full || is_worth_all(place) {
            whole(&mut page, place);
        } else {
            brief(&mut page, place);
        }
    }
    page.lines
}

/// Requests and steps stand under their workflow.
fn indent(place: &PlaceChange) -> usize {
    match place.place.level {
        Level::Workflow => 0,
        Level::ResponseTime | Level::Check | Level::Step => 2,
        Level::Request if place.place.step.is_empty() => 2,
        Level::Request => 4,
    }
}

fn brief(page: &mut Page, place: &PlaceChange) {
    let indent = indent(place);
    let room = page.width.saturating_sub(BESIDE_NAME + indent);
    let mut name = clip(&place.place.title(), page.width - indent);
    if columns(&name) > room {
        // Cut short, names that begin alike would be one.
        page.line(&format!("{:indent$}{name}", ""));
        name.clear();
    }
    let gap = room.saturating_sub(columns(&name));
    let shown = telling(place).map_or_else(String::new, |one| {
        format!(
            "{:<10}  {:>8} {:>8} {:>8}",
            one.kind.as_str(),
            value(one.kind, one.before),
            value(one.kind, one.now),
            change(one.kind, one.change)
        )
    });
    let word = place_finding(place);
    page.line(&format!("{:indent$}{name}{:gap$}  {shown:<38} {word}", "", ""));
}

fn whole(page: &mut Page, place: &PlaceChange) {
    let indent = indent(place);
    let facts = counts(place);
    let room = page.width.saturating_sub(indent + columns(&facts) + 2).max(20);
    let name = clip(&place.place.title(), room);
    let name = page.paint("1", &name);
    page.line(&format!("{:indent$}{name}  {facts}", ""));
    let indent = indent + 2;
    for one in &place.statistics {
        let row = format!(
            "{:<10} {:>9} {:>9} {:>9}  {:<18}  ",
            one.kind.as_str(),
            value(one.kind, one.before),
            value(one.kind, one.now),
            change(one.kind, one.change),
            interval(one)
        );
        let word = page.paint(tone(one), &finding(one));
        page.line(&format!("{:indent$}{row}{word}", ""));
    }
    if let Some([min_before, min_now, max_before, max_now]) = extremes(place) {
        for (name, before, now) in [("fastest", min_before, min_now), ("slowest", max_before, max_now)] {
            page.line(&format!("{:indent$}{name:<10} {before:>9} {now:>9}", ""));
        }
    }
}

const fn tone(one: &StatisticChange) -> &'static str {
    match one.finding {
        _ if one.regression => "1;31",
        finding if finding.is_worse() => "1;33",
        finding if finding.is_change() => "1;32",
        Finding::NoDifference => "",
        _ => "2",
    }
}
