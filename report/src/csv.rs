//! CSV: RFC 4180 with lines that end in CR LF, and the one rule against strings that a spreadsheet would run as formulas.
//!
//! `csv_core` encodes the fields. It is the core of the crate `csv`, whose own writer cannot distinguish NULL from an empty
//! string.

mod row;
mod summary;

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use csv_core::Writer;
use heavy_load::escape::escape;

pub(crate) use summary::render;

/// Records in memory. NULL is an empty field, an empty text is `""`.
pub struct Csv {
    bytes: Vec<u8>,
    writer: Writer,
    /// Whether the next field is the first of its record.
    at_start: bool,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            writer: Writer::new(),
            at_start: true,
        }
    }
}

impl fmt::Debug for Csv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csv")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Csv {
    /// A record with the names of the columns.
    pub fn header<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        names.into_iter().for_each(|name| self.text(name));
        self.end_record();
    }

    /// NULL.
    pub fn null(&mut self) {
        self.separate();
    }

    /// A number, a flag or an instant: written as it is.
    pub fn value(&mut self, value: impl fmt::Display) {
        self.separate();
        write!(Utf8(&mut self.bytes), "{value}").expect("memory takes every text");
    }

    /// A number, a flag or an instant, or NULL.
    pub(crate) fn optional(&mut self, value: Option<impl fmt::Display>) {
        match value {
            Some(value) => self.value(value),
            None => self.null(),
        }
    }

    /// A text as it is, behind an apostrophe if a spreadsheet would run it.
    pub fn text(&mut self, text: &str) {
        self.separate();
        self.encode(&guarded(text));
    }

    /// A text on one line: as [`Self::text`], with control characters escaped.
    pub fn escaped(&mut self, text: &str) {
        self.separate();
        self.encode(&escape(&guarded(text)));
    }

    /// Ends the record.
    pub fn end_record(&mut self) {
        self.bytes.extend_from_slice(b"\r\n");
        self.at_start = true;
    }

    /// The records so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the records so far, and keeps their memory for the next ones.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// All records as a string.
    #[must_use]
    pub fn into_text(self) -> String {
        String::from_utf8(self.bytes).expect("fields are texts")
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.at_start) {
            self.bytes.push(b',');
        }
    }

    fn encode(&mut self, text: &str) {
        let start = self.bytes.len();
        // Every quote doubled, and quotes around them.
        self.bytes.resize(start + 2 * text.len() + 2, 0);
        // To the library every field is a document of its own: so an empty text is one too.
        let mut writer = self.writer.clone();
        let (_, _, field) = writer.field(text.as_bytes(), &mut self.bytes[start..]);
        let (_, quote) = writer.finish(&mut self.bytes[start + field..]);
        self.bytes.truncate(start + field + quote);
    }
}

/// Takes formatted text as bytes.
struct Utf8<'a>(&'a mut Vec<u8>);

impl fmt::Write for Utf8<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Whether a string is a JSON number.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = unsigned.len() > 1 && unsigned.starts_with('0') && !unsigned.starts_with("0.");
    unsigned.starts_with(|c: char| c.is_ascii_digit())
        && !leading_zero
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// Spreadsheets run what begins with one of these characters as a formula, unless it is a number.
fn guarded(text: &str) -> Cow<'_, str> {
    const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let begins = text.starts_with(['\t', '\r']) || text.trim_start().starts_with(SIGNS);
    if begins && !is_number(text) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_they_must_be_and_run_no_formula() {
        for (text, exact, escaped) in [
            ("GET /items/{id}", "GET /items/{id}", "GET /items/{id}"),
            ("", "\"\"", "\"\""),
            ("a,b", "\"a,b\"", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\"", "\"say \"\"x\"\"\""),
            ("=1+1", "'=1+1", "'=1+1"),
            ("+1", "'+1", "'+1"),
            ("@a", "'@a", "'@a"),
            ("＝1+1", "'＝1+1", "'＝1+1"),
            ("-1.5e3", "-1.5e3", "-1.5e3"),
            ("-2", "-2", "-2"),
            ("-x", "'-x", "'-x"),
            ("  @SUM(A1)", "'  @SUM(A1)", "'  @SUM(A1)"),
            ("\t=1", "'\t=1", "'\\t=1"),
            ("\r=1", "\"'\r=1\"", "'\\r=1"),
            ("two\nlines", "\"two\nlines\"", "two\\nlines"),
            ("\u{1b}[2J", "\u{1b}[2J", "\\u{1b}[2J"),
        ] {
            let mut csv = Csv::default();
            csv.text(text);
            csv.escaped(text);
            csv.end_record();
            assert_eq!(csv.into_text(), format!("{exact},{escaped}\r\n"), "{text:?}");
        }
    }

    #[test]
    fn null_differs_from_an_empty_text() {
        let mut csv = Csv::default();
        csv.header(["a", "b", "c"]);
        assert_eq!(csv.as_bytes(), b"a,b,c\r\n");
        csv.clear();
        csv.null();
        csv.text("");
        csv.value(1.5);
        csv.end_record();
        assert_eq!(csv.into_text(), ",\"\",1.5\r\n");
    }
}
