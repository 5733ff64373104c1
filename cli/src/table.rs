//! Tables as people and programs read them: aligned, as CSV, as JSON.

use std::collections::HashSet;

use heavy_report::csv::{Csv, is_number};
use heavy_report::escape;
use heavy_store::QueryResult;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AnswerFormat {
    /// Aligned columns; control characters are escaped, NULL is empty
    Table,
    /// RFC 4180 with a header; NULL is empty, an empty text is ""
    Csv,
    /// An array of objects
    Json,
}

impl AnswerFormat {
    /// The default maximum of rows.
    pub(crate) const fn default_rows(self) -> usize {
        match self {
            Self::Table => 1_000,
            Self::Csv | Self::Json => 1_000_000,
        }
    }

    /// The answer in this form, ending in a newline.
    pub(crate) fn render(self, table: &QueryResult) -> String {
        match self {
            Self::Table => aligned(table),
            Self::Csv => csv(table),
            Self::Json => json(table),
        }
    }
}

/// Columns that hold numbers and NULL only, and at least one number.
fn numeric_columns(table: &QueryResult) -> Vec<bool> {
    (0..table.columns.len())
        .map(|column| {
            let mut values = table
                .rows
                .iter()
                .filter_map(|row| row.get(column)?.as_deref())
                .peekable();
            values.peek().is_some() && values.all(is_number)
        })
        .collect()
}

fn aligned(table: &QueryResult) -> String {
    let cell = |text: Option<&str>| text.map(escape).unwrap_or_default();
    let numeric = numeric_columns(table);
    let mut lines: Vec<Vec<String>> = vec![table.columns.iter().map(|name| cell(Some(name))).collect()];
    lines.extend(
        table
            .rows
            .iter()
            .map(|row| row.iter().map(|value| cell(value.as_deref())).collect()),
    );
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|column| {
            lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|text| text.width())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        let padded: Vec<String> = line
            .iter()
            .enumerate()
            .map(|(column, text)| {
                let blanks = " ".repeat(widths[column].saturating_sub(text.width()));
                if numeric[column] {
                    format!("{blanks}{text}")
                } else {
                    format!("{text}{blanks}")
                }
            })
            .collect();
        out.push_str(padded.join("  ").trim_end());
        out.push('\n');
        if number == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "─".repeat((*width).max(1))).collect();
            out.push_str(&rules.join("  "));
            out.push('\n');
        }
    }
    let rows = table.rows.len();
    out.push_str(&format!("({rows} row{})\n", if rows == 1 { "" } else { "s" }));
    out
}

fn csv(table: &QueryResult) -> String {
    let mut out = Csv::default();
    out.header(table.columns.iter().map(String::as_str));
    for row in &table.rows {
        for value in row {
            match value {
                Some(text) => out.text(text),
                None => out.null(),
            }
        }
        out.end_record();
    }
    out.into_text()
}

/// Columns of numbers give numbers, all others texts; a second column of the same name gets `_2`.
fn json(table: &QueryResult) -> String {
    let numeric = numeric_columns(table);
    let names = unique(&table.columns);
    let lines: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let members = row.iter().enumerate().map(|(column, value)| {
                let value = match value.as_deref() {
                    None => "null".to_owned(),
                    Some(text) if numeric[column] => text.to_owned(),
                    Some(text) => Value::from(text).to_string(),
                };
                format!("{}:{value}", Value::from(names[column].as_str()))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        })
        .collect();
    if lines.is_empty() {
        return "[]\n".to_owned();
    }
    format!("[\n  {}\n]\n", lines.join(",\n  "))
}

fn unique(names: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .iter()
        .map(|name| {
            let candidates = std::iter::once(name.clone()).chain((2..).map(|n: u32| format!("{name}_{n}")));
            let free = candidates
                .into_iter()
                .find(|candidate| !taken.contains(candidate));
            let free = free.expect("the candidates never end");
            taken.insert(free.clone());
            free
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: &[&[Option<&str>]]) -> QueryResult {
        QueryResult {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows
                .iter()
                .map(|row| row.iter().map(|value| value.map(str::to_owned)).collect())
                .collect(),
            truncated: false,
        }
    }

    fn sample() -> QueryResult {
        table(
            &["name", "count", "p95_ms", "name"],
            &[
                &[Some("GET /products"), Some("500"), Some("0.491"), Some("-x")],
                &[Some("数据\u{1b}[2J"), Some("-7"), None, Some("")],
            ],
        )
    }

    #[test]
    fn tables_are_aligned_and_harmless() {
        assert_eq!(
            aligned(&sample()),
            "name           count  p95_ms  name\n\
             ─────────────  ─────  ──────  ────\n\
             GET /products    500   0.491  -x\n\
             数据\\u{1b}[2J     -7\n\
             (2 rows)\n"
        );
        assert_eq!(aligned(&table(&["a"], &[])), "a\n─\n(0 rows)\n");
    }

    #[test]
    fn csv_tells_null_from_empty_and_runs_no_formula() {
        assert_eq!(
            csv(&sample()),
            "name,count,p95_ms,name\r\nGET /products,500,0.491,'-x\r\n数据\u{1b}[2J,-7,,\"\"\r\n"
        );
    }

    #[test]
    fn json_has_numbers_where_a_column_has_only_numbers() {
        let parsed: Value = serde_json::from_str(&json(&sample())).unwrap();
        assert_eq!(
            parsed,
            serde_json::json!([
                {"name": "GET /products", "count": 500, "p95_ms": 0.491, "name_2": "-x"},
                {"name": "数据\u{1b}[2J", "count": -7, "p95_ms": null, "name_2": ""},
            ])
        );
        assert_eq!(json(&table(&["a"], &[])), "[]\n");
        let ids = table(&["id"], &[&[Some("007")], &[Some("8")]]);
        assert_eq!(json(&ids), "[\n  {\"id\":\"007\"},\n  {\"id\":\"8\"}\n]\n");
    }
}
