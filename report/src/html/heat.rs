//! The latency heat map: how many requests took how long, and when.

use heavy_results::summary::Summary;

use super::chart::{TimeChart, begin, grid};
use super::sheet::Sheet;
use crate::markup::html;
use crate::units::{count, round_time, time};

const TOP: f64 = 22.0;
const PLOT: f64 = 260.0;
const HEIGHT: f64 = TOP + PLOT + 26.0;

/// Shades, from few to many.
const SHADES: usize = 7;

pub(super) fn map(sheet: &mut Sheet, summary: &Summary) {
    let timeline = &summary.timeline;
    let bands = timeline.bands_upper_ms.len();
    let most = timeline
        .points
        .iter()
        .flat_map(|point| &point.bands)
        .max()
        .copied();
    let Some(most) = most.filter(|most| *most > 0 && bands > 0) else {
        return;
    };
    let course = TimeChart::of(summary);
    sheet.section("Latency heat map");
    sheet.line("<figure class=\"chart\">");
    let about = format!(
        "Requests by the time they ended and how long they took; the darkest cells hold up to {} requests",
        count(most)
    );
    begin(sheet, "Latency heat map", &about, HEIGHT);
    let step = PLOT / bands as f64;
    let y = |band: usize| TOP + PLOT - band as f64 * step;
    let mut paths = vec![String::new(); SHADES];
    for point in &timeline.points {
        let from = f64::from(point.second);
        let x = course.x(from);
        let width = (course.x(from + f64::from(timeline.point_s)) - x).max(1.0);
        for (band, n) in point.bands.iter().enumerate().filter(|(_, n)| **n > 0) {
            paths[shade(*n, most)].push_str(&format!(
                "M{x:.1} {:.1}h{width:.1}v{step:.1}h-{width:.1}z",
                y(band + 1)
            ));
        }
    }
    for (shade, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        sheet.line(&format!("<path class=\"h{}\" d=\"{path}\"/>", shade + 1));
    }
    // As many labels as are read well; the last bound is the slowest request.
    let every = bands.div_ceil(9).max(1);
    for (band, upper_ms) in timeline.bands_upper_ms.iter().enumerate() {
        let last = band + 1 == bands;
        let room = bands - band > every / 2 + 1;
        if last || ((band + 1).is_multiple_of(every) && room) {
            let label = if last {
                time(*upper_ms)
            } else {
                round_time(*upper_ms)
            };
            grid(sheet, y(band + 1), &format!("≤ {label}"));
        }
    }
    course.seconds(sheet, TOP + PLOT);
    course.events(sheet, TOP, TOP + PLOT);
    sheet.line("</svg>");
    legend(sheet, most);
    sheet.line("</figure>");
    sheet.note("The shades are logarithmic: each step is the same multiple of requests.");
    sheet.end();
}

/// The shade of a cell, on a logarithmic scale from 1 to the most.
fn shade(n: u64, most: u64) -> usize {
    if most <= 1 {
        return SHADES - 1;
    }
    let share = (n as f64).ln() / (most as f64).ln();
    ((share * SHADES as f64) as usize).min(SHADES - 1)
}

/// The most requests of a shade.
fn most_of(shade: usize, most: u64) -> u64 {
    let share = (shade + 1) as f64 / SHADES as f64;
    ((most as f64).powf(share).floor() as u64).clamp(1, most)
}

fn legend(sheet: &mut Sheet, most: u64) {
    sheet.put("<ul class=\"legend\">");
    let mut below = 0;
    for shade in 0..SHADES {
        let upper = most_of(shade, most);
        if upper > below {
            sheet.put(&format!(
                "<li><svg viewBox=\"0 0 16 12\" width=\"16\" height=\"12\" aria-hidden=\"true\"><path class=\"h{}\" d=\"M0 0h16v12h-16z\"/></svg> {}</li>",
                shade + 1,
                html(&if upper == below + 1 {
                    count(upper)
                } else {
                    format!("{} to {}", count(below + 1), count(upper))
                })
            ));
            below = upper;
        }
    }
    sheet.line("</ul>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shades_and_their_legend_agree(most in 1u64..1_000_000, share in 0.0f64..1.0) {
            let n = ((most as f64 * share) as u64).max(1);
            let shade = shade(n, most);
            prop_assert!(shade < SHADES);
            prop_assert!(n <= most_of(shade, most) + 1, "{} in {} of {}", n, shade, most);
        }
    }
}
