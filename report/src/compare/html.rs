//! A comparison as one page: no script, nothing fetched, light and dark.

use std::fmt::Write as _;

use heavy_compare::{Comparison, Conclusion, Finding, Level, PlaceChange, StatisticChange};

use super::{cells, counts, extremes, finding, is_worth_all, job, method, place_finding, telling, word};
use crate::markup::html;

const STYLE: &str = include_str!("compare.css");

/// The range in which an interval is drawn, in percent either way (for shares, a fifth as many points).
const DRAWN_PERCENT: f64 = 25.0;

pub(super) fn render(comparison: &Comparison) -> String {
    let word = word(comparison.verdict);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{word}: {} compared</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        html(&comparison.now.name)
    );
    opening(&mut page, comparison, word);
    push(&mut page, format_args!("<h2>Statistics</h2>\n"));
    for place in &comparison.places {
        section(&mut page, place);
    }
    push(
        &mut page,
        format_args!(
            "<h2>Method</h2>\n<p>{}. Whiskers show the interval of a change from -{DRAWN_PERCENT}% to +{DRAWN_PERCENT}%, of \
             shares from -{points} to +{points} points; the line in their middle is no change.</p>\n</main>\n</body>\n</html>\n",
            html(&method(comparison)),
            points = DRAWN_PERCENT / 5.0
        ),
    );
    page
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a String cannot fail");
}

fn opening(page: &mut String, comparison: &Comparison, word: &str) {
    let class = match comparison.verdict {
        Conclusion::Regression => "bad",
        Conclusion::Changed | Conclusion::TooFewSamples => "doubtful",
        Conclusion::NoDifference => "good",
    };
    push(
        page,
        format_args!(
            "<h1><span class=\"{class}\">{word}</span></h1>\n<p>{}</p>\n",
            html(&comparison.headline)
        ),
    );
    for caveat in &comparison.caveats {
        push(
            page,
            format_args!(
                "<p class=\"caveat\"><strong>Not comparable:</strong> {}</p>\n",
                html(caveat)
            ),
        );
    }
    push(page, format_args!("<dl>\n"));
    for earlier in &comparison.before {
        push(
            page,
            format_args!("<dt>Before</dt><dd>{}</dd>\n", html(&job(earlier))),
        );
    }
    push(
        page,
        format_args!("<dt>Now</dt><dd>{}</dd>\n", html(&job(&comparison.now))),
    );
    for note in &comparison.notes {
        push(page, format_args!("<dt>Note</dt><dd>{}</dd>\n", html(note)));
    }
    push(page, format_args!("</dl>\n"));
}

fn depth(place: &PlaceChange) -> u8 {
    match place.place.level {
        Level::Workflow => 0,
        Level::ResponseTime | Level::Check | Level::Step => 1,
        Level::Request if place.place.step.is_empty() => 1,
        Level::Request => 2,
    }
}

fn section(page: &mut String, place: &PlaceChange) {
    let open = if is_worth_all(place) { " open" } else { "" };
    let shown = telling(place).map_or_else(String::new, |one| {
        let [name, before, now, change, _] = cells(one);
        format!("{name} {before} → {now} ({change})")
    });
    push(
        page,
        format_args!(
            "<details class=\"depth{}\"{open}><summary><b>{}</b> <span class=\"{}\">{}</span> <span class=\"quiet\">{shown}</span>\
             </summary>\n<p class=\"quiet\">{}</p>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Statistic</th>\
             <th scope=\"col\">Before</th><th scope=\"col\">Now</th><th scope=\"col\">Change</th><th scope=\"col\">Interval</th>\
             <td></td><th scope=\"col\">Finding</th></tr></thead>\n<tbody>\n",
            depth(place),
            html(&place.place.title()),
            class(place.finding, place.regression),
            place_finding(place),
            html(&counts(place)),
        ),
    );
    for one in &place.statistics {
        let [name, before, now, change, interval] = cells(one);
        push(
            page,
            format_args!(
                "<tr><th scope=\"row\">{name}</th><td>{before}</td><td>{now}</td><td>{change}</td><td>{interval}</td><td>{}</td>\
                 <td class=\"{}\">{}</td></tr>\n",
                whisker(one),
                class(one.finding, one.regression),
                finding(one)
            ),
        );
    }
    if let Some([min_before, min_now, max_before, max_now]) = extremes(place) {
        for (name, before, now) in [("fastest", min_before, min_now), ("slowest", max_before, max_now)] {
            push(
                page,
                format_args!(
                    "<tr><th scope=\"row\">{name}</th><td>{before}</td><td>{now}</td><td></td><td></td><td></td><td></td></tr>\n"
                ),
            );
        }
    }
    push(page, format_args!("</tbody></table></div></details>\n"));
}

const fn class(finding: Finding, regression: bool) -> &'static str {
    match finding {
        _ if regression => "bad",
        finding if finding.is_worse() => "doubtful",
        finding if finding.is_change() => "good",
        Finding::NoDifference => "",
        _ => "quiet",
    }
}

/// The interval as a picture beside its numbers.
fn whisker(one: &StatisticChange) -> String {
    let (Some(low), Some(high), Some(middle)) = (one.low, one.high, one.change) else {
        return String::new();
    };
    let drawn = if one.kind.is_share() {
        DRAWN_PERCENT / 5.0
    } else {
        DRAWN_PERCENT
    };
    let x = |value: f64| 60.0 + 58.0 * (value / drawn).clamp(-1.0, 1.0);
    format!(
        "<svg width=\"120\" height=\"14\" viewBox=\"0 0 120 14\" aria-hidden=\"true\"><path class=\"axis\" d=\"M60 0V14\"/>\
         <path class=\"range\" d=\"M{:.1} 7H{:.1}\"/><circle cx=\"{:.1}\" cy=\"7\" r=\"3\"/></svg>",
        x(low),
        x(high),
        x(middle)
    )
}
