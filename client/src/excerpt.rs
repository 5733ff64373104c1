//! What is wrong at a place in a file, with the line shown. Pure.

use std::ops::Range;
use std::path::Path;

use heavy_report::{clip, columns, escape, last_columns};

/// Columns of a long line that are shown, and how many of them lie before the place.
const MOST_COLUMNS: usize = 160;
const MOST_BEFORE: usize = 60;

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong and what would be right.
    pub problem: String,
    /// The bytes of the text that are meant; none: the file as a whole.
    pub span: Option<Range<usize>>,
}

impl Fault {
    /// What is wrong at a place, given as bytes of the text.
    pub fn at(span: Range<usize>, problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            span: Some(span),
        }
    }

    /// `FILE:LINE: problem`, and the line with the place marked.
    #[must_use]
    pub fn show(&self, file: &Path, text: &str) -> String {
        let file = file.display();
        let Some(span) = &self.span else {
            return format!("{file}: {}", self.problem);
        };
        let start = floor(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let number = text[..line_start].matches('\n').count() + 1;
        let end = floor(text, span.end).clamp(start, line_start + line.len().max(start - line_start));
        let before = escape(&text[line_start..start]);
        let before = match last_columns(&before, MOST_BEFORE) {
            whole if whole.len() == before.len() => before,
            part => format!("…{part}"),
        };
        let indent = columns(&before);
        let from_place = line.get(start - line_start..).unwrap_or_default();
        let from_place = clip(from_place, MOST_COLUMNS - indent);
        let marked = columns(&escape(&text[start..end])).clamp(1, columns(&from_place).max(1));
        let gutter = number.to_string().len();
        format!(
            "{file}:{number}: {}\n {number} | {before}{from_place}\n {:gutter$} | {:indent$}{}",
            self.problem,
            "",
            "",
            "^".repeat(marked),
        )
    }
}

/// The last boundary between characters up to here.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_line_is_shown_and_the_place_is_marked() {
        let text = "name = \"x\"\nrate = \"many\"\n";
        let shown = Fault::at(18..24, "no rate").show(Path::new("a/heavy.toml"), text);
        assert_eq!(
            shown,
            "a/heavy.toml:2: no rate\n 2 | rate = \"many\"\n   |        ^^^^^^"
        );
        let whole = Fault {
            problem: "empty".to_owned(),
            span: None,
        };
        assert_eq!(whole.show(Path::new("f"), text), "f: empty");
    }

    #[test]
    fn wide_characters_and_long_lines_leave_the_mark_at_its_place() {
        let shown = |text: &str, place: &str| {
            let start = text.find(place).unwrap();
            Fault::at(start..start + place.len(), "x").show(Path::new("f"), text)
        };
        assert_eq!(
            shown("a = \"数据\", b = 1", "b"),
            "f:1: x\n 1 | a = \"数据\", b = 1\n   |             ^"
        );
        let long = format!(
            "{{\"params\": \"{}\", \"duraton\": 1{}}}",
            "x".repeat(70_000),
            " ".repeat(500)
        );
        let lines = shown(&long, "\"duraton\"");
        let lines: Vec<&str> = lines.lines().collect();
        let place = lines[1].find("\"duraton\"").unwrap();
        assert_eq!(lines[1][..place].chars().count(), lines[2].find('^').unwrap());
        assert!(lines.iter().all(|line| columns(line) < 200), "{lines:?}");
    }

    #[test]
    fn control_characters_are_escaped() {
        let shown = Fault::at(5..6, "x").show(Path::new("f"), "a = \u{1b}[2J");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    proptest! {
        #[test]
        fn every_place_in_every_text_can_be_shown(text in "(\\PC|\n|\t){0,40}", start in 0usize..60, length in 0usize..60) {
            let shown = Fault::at(start..start + length, "p").show(Path::new("f"), &text);
            prop_assert!(shown.starts_with("f:"));
            prop_assert_eq!(shown.lines().count(), 3);
        }
    }
}
