//! What a case expects and sees.

use std::fmt::Display;
use std::io::{self, Write as _};

use crate::judged::JudgedJob;

/// Prints each expectation with what was seen, and remembers whether all were met.
#[derive(Debug, Default)]
pub struct CaseReport {
    unmet: u64,
}

impl CaseReport {
    /// States an expectation and what was seen of it.
    pub fn expect(&mut self, expected: &str, met: bool, seen: impl Display) {
        self.unmet += u64::from(!met);
        let mark = if met { "ok " } else { "NOT" };
        // Nobody may be reading.
        let _ = writeln!(io::stdout(), "  {mark} expected: {expected}; seen: {seen}");
    }

    /// Expects that nothing of a job was lost, doubled, altered or counted wrongly.
    pub fn expect_right(&mut self, judged: &JudgedJob) {
        self.expect(
            "nothing lost, doubled or altered; totals, summary and target agree",
            judged.is_right(),
            format_args!("{} results written\n{judged}", judged.written()),
        );
    }

    /// Whether all expectations were met.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        self.unmet == 0
    }
}
