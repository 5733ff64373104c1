//! A comparison as one page: no script, nothing fetched, light and dark.

use heavy_compare::{Comparison, Finding, PlaceChange, StatisticChange};

use super::{
    cells, counts, depth, extremes, finding, finding_mood, is_worth_all, job, method, mood, telling, word,
};
use crate::markup::html;
use crate::standing::Mood;

const STYLE: &str = include_str!("compare.css");

/// The range in which an interval is drawn, in percent either way (for shares, a fifth as many points).
const DRAWN_PERCENT: f64 = 25.0;

/// One self-contained page.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
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
    page.push_str("<h2>Statistics</h2>\n");
    for place in &comparison.places {
        section(&mut page, place);
    }
    page.push_str(&format!(
            "<h2>Method</h2>\n<p>{}. Whiskers show the interval of a change from -{DRAWN_PERCENT}% to +{DRAWN_PERCENT}%, of \
             shares from -{points} to +{points} points; the line in their middle is no change.</p>\n</main>\n</body>\n</html>\n",
            html(&method(&comparison.method)),
            points = DRAWN_PERCENT / 5.0
        ));
    page
}

fn opening(page: &mut String, comparison: &Comparison, word: &str) {
    let class = mood(comparison.verdict).as_str();
    page.push_str(&format!(
        "<h1><span class=\"{class}\">{word}</span></h1>\n<p>{}</p>\n",
        html(&comparison.headline)
    ));
    for caveat in &comparison.caveats {
        page.push_str(&format!(
            "<p class=\"caveat\"><strong>Not comparable:</strong> {}</p>\n",
            html(caveat)
        ));
    }
    page.push_str("<dl>\n");
    for earlier in &comparison.before {
        page.push_str(&format!("<dt>Before</dt><dd>{}</dd>\n", html(&job(earlier))));
    }
    page.push_str(&format!("<dt>Now</dt><dd>{}</dd>\n", html(&job(&comparison.now))));
    for note in &comparison.notes {
        page.push_str(&format!("<dt>Note</dt><dd>{}</dd>\n", html(note)));
    }
    page.push_str("</dl>\n");
}

fn section(page: &mut String, place: &PlaceChange) {
    let open = if is_worth_all(place) { " open" } else { "" };
    let shown = telling(place).into_iter().map(|one| {
        let [name, before, now, change, _] = cells(one);
        format!("{name} {before} → {now} ({change})")
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    page.push_str(&format!(
            "<details class=\"depth{}\"{open}><summary><b>{}</b> <span class=\"{}\">{}</span> <span class=\"quiet\">{shown}</span>\
             </summary>\n<p class=\"quiet\">{}</p>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Statistic</th>\
             <th scope=\"col\">Before</th><th scope=\"col\">Now</th><th scope=\"col\">Change</th><th scope=\"col\">Interval</th>\
             <td></td><th scope=\"col\">Finding</th></tr></thead>\n<tbody>\n",
            depth(place),
            html(&place.place.title()),
            class(place.finding, place.regression),
            finding(place.finding, place.regression),
            html(&counts(place)),
        ));
    for one in &place.statistics {
        let [name, before, now, change, interval] = cells(one);
        page.push_str(&format!(
                "<tr><th scope=\"row\">{name}</th><td>{before}</td><td>{now}</td><td>{change}</td><td>{interval}</td><td>{}</td>\
                 <td class=\"{}\">{}</td></tr>\n",
                whisker(one),
                class(one.finding, one.regression),
                finding(one.finding, one.regression)
            ));
    }
    for (name, before, now) in extremes(place).into_iter().flatten() {
        page.push_str(&format!(
                "<tr><th scope=\"row\">{name}</th><td>{before}</td><td>{now}</td><td></td><td></td><td></td><td></td></tr>\n"
            ));
    }
    page.push_str("</tbody></table></div></details>\n");
}

const fn class(finding: Finding, regression: bool) -> &'static str {
    match finding_mood(finding, regression) {
        Some(Mood::Neutral) => "",
        Some(mood) => mood.as_str(),
        None => "quiet",
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
