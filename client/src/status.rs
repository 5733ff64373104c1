//! `status`: a job in five lines, or with every figure.

use heavy_results::job::JobView;
use heavy_results::summary::Summary;

use super::output::stdout_style;

pub(super) fn text(view: &JobView, full: bool) -> String {
    let nothing = || Summary::without_results(view.job.clone());
    let summary = view.summary.clone().unwrap_or_else(nothing);
    let style = stdout_style(full, "");
    if full {
        heavy_report::text(&summary, &style)
    } else {
        heavy_report::status(&summary, &style)
    }
}
