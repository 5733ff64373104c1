//! Lines of Markdown.

use crate::units::count;

pub(super) fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Says how many rows of a table are not shown.
pub(super) fn left_out(out: &mut String, all: usize, shown: usize, what: &str) {
    if all > shown {
        line(out, "");
        line(
            out,
            &format!(
                "and {} {what} more; the complete report has them",
                count((all - shown) as u64)
            ),
        );
    }
}
