//! The formats of reports, by the names that command lines use.

use std::str::FromStr;

use heavy_results::summary::Summary;

use crate::{Style, csv, html, json, junit, markdown, text};

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a terminal.
    Text,
    /// The document of `docs/summary.schema.json`.
    Json,
    /// Every statistic as a row.
    Csv,
    /// JUnit XML, for CI servers.
    Junit,
    /// Markdown that fits a comment on a pull request.
    Markdown,
    /// One self-contained page with charts.
    Html,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Json,
        Self::Csv,
        Self::Junit,
        Self::Markdown,
        Self::Html,
    ];

    /// The format's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// The report in this format; the style concerns text alone.
    #[must_use]
    pub fn render(self, summary: &Summary, style: &Style) -> String {
        match self {
            Self::Text => text::render(summary, style),
            Self::Json => json::render(summary),
            Self::Csv => csv::render(summary),
            Self::Junit => junit::render(summary),
            Self::Markdown => markdown::render(summary),
            Self::Html => html::render(summary),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    /// Reads a format's name, or its short form `md` or `xml`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "md" => Ok(Self::Markdown),
            "xml" => Ok(Self::Junit),
            _ => Self::ALL
                .into_iter()
                .find(|format| format.as_str() == text)
                .ok_or_else(|| {
                    format!(
                        "unknown report format {text:?}: write text, json, csv, junit, markdown (md) or html"
                    )
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_names() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert_eq!("md".parse(), Ok(Format::Markdown));
        assert!(
            "pdf"
                .parse::<Format>()
                .unwrap_err()
                .contains("junit, markdown (md) or html")
        );
    }
}
