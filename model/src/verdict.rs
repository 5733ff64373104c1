//! Whether a job passed: the rules of the verdict, and why it is what it is.

use serde::{Deserialize, Serialize};

/// The verdict of a job that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Everything that was asked for came out.
    Pass,
    /// The system under test (or the load test) did not do what was asked.
    Fail,
    /// The generator could not do what was asked, whatever the target did.
    Invalid,
}

impl Verdict {
    /// `PASS`, `FAIL` or `INVALID`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Invalid => "INVALID",
        }
    }
}
