//! The statistics that are compared.

use serde::{Deserialize, Serialize};

/// A statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Completions per second.
    Rate,
    /// The share that failed, in per cent.
    ErrorRate,
    /// The share of due iterations that were dropped, in per cent.
    DropRate,
    /// The mean, in ms.
    Mean,
    /// The 10th percentile, in ms.
    P10,
    /// The 25th percentile, in ms.
    P25,
    /// The 50th percentile, in ms.
    P50,
    /// The 75th percentile, in ms.
    P75,
    /// The 90th percentile, in ms.
    P90,
    /// The 95th percentile, in ms.
    P95,
    /// The 99th percentile, in ms.
    P99,
    /// The 99.9th percentile, in ms.
    P999,
}

impl Statistic {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::ErrorRate => "error rate",
            Self::DropRate => "drop rate",
            Self::Mean => "mean",
            Self::P10 => "P10",
            Self::P25 => "P25",
            Self::P50 => "P50",
            Self::P75 => "P75",
            Self::P90 => "P90",
            Self::P95 => "P95",
            Self::P99 => "P99",
            Self::P999 => "P99.9",
        }
    }

    /// Whether it is a share, compared by its difference in percentage points; all others are compared by their
    /// quotient.
    #[must_use]
    pub const fn is_share(self) -> bool {
        matches!(self, Self::ErrorRate | Self::DropRate)
    }

    /// Whether it is a time, in ms.
    #[must_use]
    pub const fn is_time(self) -> bool {
        !matches!(self, Self::Rate | Self::ErrorRate | Self::DropRate)
    }
}
