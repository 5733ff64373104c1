//! The windows of a job, where there is more than the steady one.

use heavy_results::summary::Summary;

use super::times::{percentile_heads, percentile_row};
use crate::page::Page;
use crate::units::{count, rate, time};

pub(super) fn windows(page: &mut Page, summary: &Summary) {
    if summary.windows.len() < 2 {
        return;
    }
    page.heading("Windows");
    for (place, window) in summary.windows.iter().enumerate() {
        if place > 0 {
            page.blank();
        }
        let when = format!(
            "{} to {}: {} iterations ok, {} failed; {} requests, {}, {} failed",
            time(window.from_s * 1e3),
            time(window.until_s * 1e3),
            count(window.iterations.ok),
            count(window.iterations.failed),
            count(window.duration.count),
            rate(window.request_rate),
            count(window.requests_failed)
        );
        page.wrapped(&format!("  {:<11}", window.name), &when, None);
        percentile_heads(page);
        percentile_row(page, "request", &window.duration);
        percentile_row(page, "iterat.", &window.iteration_duration);
        if let Some(response) = &window.response_time {
            percentile_row(page, "response", response);
        }
    }
}
