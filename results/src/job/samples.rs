//! Which raw rows of a job are kept.

/// Which raw rows are kept; roll-ups always hold everything. Text form: `all`, `errors`, `none`, `10%`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Samples {
    /// Every row.
    #[default]
    All,
    /// Failed requests, iterations that were not ok, and the requests of those iterations as far as they are known.
    Errors,
    /// This share, in percent, by a hash of the sequence ID, so that journeys stay whole.
    Percent(f64),
    /// No row.
    None,
}

impl std::str::FromStr for Samples {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let percent = |text: &str| {
            text.strip_suffix('%')?
                .parse()
                .ok()
                .filter(|p| (0.0..=100.0).contains(p))
        };
        match text {
            "all" => Ok(Self::All),
            "errors" => Ok(Self::Errors),
            "none" => Ok(Self::None),
            _ => percent(text).map(Self::Percent).ok_or_else(|| {
                format!(
                    "invalid samples `{}`: expected all, errors, none or a share (10%)",
                    text.escape_debug()
                )
            }),
        }
    }
}

impl std::fmt::Display for Samples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Errors => f.write_str("errors"),
            Self::None => f.write_str("none"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

heavy_load::serde_by_text!(Samples);
