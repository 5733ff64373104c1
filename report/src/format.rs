//! The formats of reports. A new one is a variant and its row in [`ReportFormat::entry`]; command lines and messages follow.

use std::str::FromStr;

use heavy_results::summary::Summary;

use crate::{Style, csv, html, json, junit, markdown, text};

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportFormat {
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

struct FormatEntry {
    name: &'static str,
    /// Another name for it.
    short: Option<&'static str>,
    render: fn(&Summary, &Style) -> String,
}

impl ReportFormat {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Json,
        Self::Csv,
        Self::Junit,
        Self::Markdown,
        Self::Html,
    ];

    const fn entry(self) -> FormatEntry {
        let (name, short, render): (_, _, fn(&Summary, &Style) -> String) = match self {
            Self::Text => ("text", None, text::render),
            Self::Json => ("json", None, |summary, _| json::render(summary)),
            Self::Csv => ("csv", None, |summary, _| csv::render(summary)),
            Self::Junit => ("junit", Some("xml"), |summary, _| junit::render(summary)),
            Self::Markdown => ("markdown", Some("md"), |summary, _| markdown::render(summary)),
            Self::Html => ("html", None, |summary, _| html::render(summary)),
        };
        FormatEntry { name, short, render }
    }

    /// The format's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.entry().name
    }

    /// The report in this format; the style concerns text alone.
    #[must_use]
    pub fn render(self, summary: &Summary, style: &Style) -> String {
        (self.entry().render)(summary, style)
    }
}

impl FromStr for ReportFormat {
    type Err = String;

    /// Reads a format's name or its short form.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| {
            let entry = format.entry();
            entry.name == text || entry.short == Some(text)
        });
        found.ok_or_else(|| {
            let names = Self::ALL.map(|format| match format.entry() {
                FormatEntry {
                    name,
                    short: Some(short),
                    ..
                } => format!("{name} ({short})"),
                FormatEntry { name, .. } => name.to_owned(),
            });
            format!(
                "unknown report format `{text}`: expected one of {}",
                names.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_names() {
        for format in ReportFormat::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert_eq!("md".parse(), Ok(ReportFormat::Markdown));
        assert_eq!("xml".parse(), Ok(ReportFormat::Junit));
        assert!(
            "pdf"
                .parse::<ReportFormat>()
                .unwrap_err()
                .contains("junit (xml), markdown (md), html")
        );
    }
}
