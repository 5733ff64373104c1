//! Rows as CSV and as JSON lines.

use std::borrow::Cow;
use std::io::{self, Write};

use heavy_report::csv::Csv;
use heavy_store::{ExportField, RowSink, ValueKind};

/// How texts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// As they came.
    Exact,
    /// For a terminal, on which none of them may act.
    Harmless,
}

impl Look {
    fn of(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => text.into(),
            Self::Harmless => heavy_report::escape(text).into(),
        }
    }
}

/// RFC 4180 with a header.
pub(super) struct CsvRows<'a> {
    out: &'a mut (dyn Write + Send),
    fields: &'static [ExportField],
    look: Look,
    csv: Csv,
}

impl<'a> CsvRows<'a> {
    pub(super) fn begin(
        out: &'a mut (dyn Write + Send),
        fields: &'static [ExportField],
        look: Look,
    ) -> io::Result<Self> {
        let mut csv = Csv::default();
        csv.header(fields.iter().map(|field| field.name));
        out.write_all(csv.as_bytes())?;
        Ok(Self {
            out,
            fields,
            look,
            csv,
        })
    }
}

impl RowSink for CsvRows<'_> {
    fn row(&mut self, values: &[Option<Cow<'_, str>>]) -> io::Result<()> {
        self.csv.clear();
        for (field, value) in self.fields.iter().zip(values) {
            match (field.kind, value) {
                (_, None) => self.csv.null(),
                // What these are made of needs no quotes.
                (ValueKind::Number | ValueKind::Flag | ValueKind::Instant, Some(text)) => {
                    self.csv.value(text)
                }
                (ValueKind::Text | ValueKind::Json, Some(text)) => match self.look {
                    Look::Exact => self.csv.text(text),
                    Look::Harmless => self.csv.escaped(text),
                },
            }
        }
        self.csv.end_record();
        self.out.write_all(self.csv.as_bytes())
    }
}

/// One object on each line: numbers, booleans and tags as such, NULL as null.
pub(super) struct JsonLines<'a> {
    out: &'a mut (dyn Write + Send),
    fields: &'static [ExportField],
    look: Look,
}

impl<'a> JsonLines<'a> {
    pub(super) fn begin(out: &'a mut (dyn Write + Send), fields: &'static [ExportField], look: Look) -> Self {
        Self { out, fields, look }
    }
}

impl RowSink for JsonLines<'_> {
    fn row(&mut self, values: &[Option<Cow<'_, str>>]) -> io::Result<()> {
        for (place, (field, value)) in self.fields.iter().zip(values).enumerate() {
            let open = if place == 0 { '{' } else { ',' };
            write!(self.out, "{open}\"{}\":", field.name)?;
            match (field.kind, value) {
                (_, None) => self.out.write_all(b"null")?,
                (ValueKind::Number | ValueKind::Flag, Some(text)) => self.out.write_all(text.as_bytes())?,
                (ValueKind::Json, Some(text)) => self.out.write_all(self.look.of(text).as_bytes())?,
                (ValueKind::Text | ValueKind::Instant, Some(text)) => {
                    let quoted = serde_json::to_string(text)?;
                    self.out.write_all(self.look.of(&quoted).as_bytes())?;
                }
            }
        }
        self.out.write_all(b"}\n")
    }
}

#[cfg(test)]
mod tests {
    use heavy_store::ExportRelation;

    use super::*;

    fn values() -> Vec<Option<Cow<'static, str>>> {
        let fields = ExportRelation::Requests.fields();
        let value = |field: &ExportField| match (field.kind, field.name) {
            (_, "reused" | "iteration") => None,
            (_, "error") => Some("=1+1\n\"a\", b".into()),
            (ValueKind::Text, _) => Some("".into()),
            (ValueKind::Number, _) => Some("1.5".into()),
            (ValueKind::Flag, _) => Some("true".into()),
            (ValueKind::Instant, _) => Some("2027-01-15T08:00:00.123456Z".into()),
            (ValueKind::Json, _) => Some(r#"{"a":"b"}"#.into()),
        };
        fields.iter().map(value).collect()
    }

    #[test]
    fn a_line_of_json_has_its_types() {
        let mut out: Vec<u8> = Vec::new();
        JsonLines::begin(&mut out, ExportRelation::Requests.fields(), Look::Exact)
            .row(&values())
            .unwrap();
        let parsed: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(out.last(), Some(&b'\n'));
        assert_eq!(parsed["error"], "=1+1\n\"a\", b");
        assert_eq!(parsed["duration_ms"], 1.5);
        assert_eq!(parsed["failed"], true);
        assert_eq!(parsed["reused"], serde_json::Value::Null);
        assert_eq!(parsed["tags"]["a"], "b");
        assert_eq!(
            parsed.as_object().unwrap().len(),
            ExportRelation::Requests.fields().len()
        );
    }

    #[test]
    fn a_line_of_csv_is_quoted_and_runs_no_formula() {
        let mut out: Vec<u8> = Vec::new();
        CsvRows::begin(&mut out, ExportRelation::Requests.fields(), Look::Exact)
            .unwrap()
            .row(&values())
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("job_id,agent,workflow,step,name,"), "{text}");
        assert!(
            text.contains(",true,\"'=1+1\n\"\"a\"\", b\",\"\",1.5,2027-01-15"),
            "{text}"
        );
        assert!(text.ends_with("\"{\"\"a\"\":\"\"b\"\"}\"\r\n"), "{text}");
    }

    #[test]
    fn a_terminal_is_not_steered() {
        let mut values = values();
        let hostile = "\u{1b}[2J\u{9b}2J\r\u{202e}";
        values[9] = Some(hostile.into());
        let mut out: Vec<u8> = Vec::new();
        let fields = ExportRelation::Requests.fields();
        let row = CsvRows::begin(&mut out, fields, Look::Harmless).and_then(|mut csv| csv.row(&values));
        row.unwrap();
        let mut json = JsonLines::begin(&mut out, fields, Look::Harmless);
        json.row(&values).unwrap();
        let text = String::from_utf8(out).unwrap();
        let steering = |c: char| (c.is_control() && c != '\n' && c != '\r') || c == '\u{202e}';
        assert!(!text.contains(steering) && text.contains("[2J"), "{text:?}");
    }
}
