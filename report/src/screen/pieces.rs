//! A labelled row of pieces of text, over as many lines as it may have.

use crate::clip::{clip, columns};
use crate::layout::left;
use crate::page::{Page, Tone};

/// Columns of labels, and of the names of a table at least.
pub(super) const LABEL: usize = 12;

/// Columns between pieces.
const GAP: usize = 3;

/// Columns for how many pieces were left out.
const LEFT_OUT: usize = 12;

/// The label of a row, in its columns.
pub(super) fn label(text: &str) -> String {
    left(text, LABEL)
}

/// A labelled row of pieces, which break lines only between them.
#[derive(Debug)]
pub(super) struct Pieces {
    label: &'static str,
    pieces: Vec<(String, Option<Tone>)>,
}

impl Pieces {
    pub(super) const fn new(label: &'static str) -> Self {
        Self {
            label,
            pieces: Vec::new(),
        }
    }

    /// Adds a piece; it may be hostile text.
    pub(super) fn add(&mut self, text: impl Into<String>, tone: Option<Tone>) {
        self.pieces.push((text.into(), tone));
    }

    /// Writes at most `most_lines` lines, and how many pieces did not fit; nothing without pieces.
    pub(super) fn write(self, page: &mut Page, most_lines: usize) {
        let room = page.width.saturating_sub(LABEL);
        let pieces: Vec<(String, Option<Tone>)> = self
            .pieces
            .iter()
            .map(|(text, tone)| (clip(text, room), *tone))
            .collect();
        let mut lines = Vec::new();
        let mut rest = &pieces[..];
        while !rest.is_empty() && lines.len() < most_lines {
            let is_last = lines.len() + 1 == most_lines;
            let (line, fitting) = one_line(page, rest, room, is_last);
            lines.push(line);
            rest = &rest[fitting..];
        }
        write_lines(page, self.label, &lines);
    }

    /// Writes each piece as a line of its own, at most `most_lines`, and how many were left out.
    pub(super) fn write_as_lines(self, page: &mut Page, most_lines: usize) {
        let room = page.width.saturating_sub(LABEL);
        let all = self.pieces.len();
        let shown = if all > most_lines { most_lines - 1 } else { all };
        let pieces = self.pieces.iter().take(shown);
        let mut lines: Vec<String> = pieces
            .map(|(text, tone)| {
                let text = clip(text, room);
                tone.map_or_else(|| text.clone(), |tone| page.paint(tone, &text))
            })
            .collect();
        if all > shown {
            lines.push(page.paint(Tone::Quiet, &format!("+ {} more", all - shown)));
        }
        write_lines(page, self.label, &lines);
    }
}

/// The first of these pieces as one line, and how many there are in it; the last line says how many are left out.
fn one_line(page: &Page, pieces: &[(String, Option<Tone>)], room: usize, is_last: bool) -> (String, usize) {
    let painted = |(text, tone): &(String, Option<Tone>)| {
        tone.map_or_else(|| text.clone(), |tone| page.paint(tone, text))
    };
    let fitting = |room: usize| {
        let mut used = 0;
        let fit = pieces.iter().enumerate().take_while(|(place, (text, _))| {
            used += columns(text) + if *place > 0 { GAP } else { 0 };
            used <= room
        });
        fit.count()
    };
    let joined = |shown: &[String]| shown.join(&" ".repeat(GAP));
    let all = pieces.len();
    let fit = fitting(room);
    if fit == all || !is_last {
        let shown: Vec<String> = pieces.iter().take(fit.max(1)).map(painted).collect();
        return (joined(&shown), fit.max(1));
    }
    let fit = fitting(room - LEFT_OUT).max(1);
    let first = (clip(&pieces[0].0, room - LEFT_OUT), pieces[0].1);
    let shown = std::iter::once(&first).chain(&pieces[1..fit]);
    let mut shown: Vec<String> = shown.map(painted).collect();
    shown.push(page.paint(Tone::Quiet, &format!("+ {} more", all - fit)));
    (joined(&shown), fit)
}

fn write_lines(page: &mut Page, label: &str, lines: &[String]) {
    for (place, line) in lines.iter().enumerate() {
        let label = if place == 0 {
            page.paint(Tone::Quiet, &self::label(label))
        } else {
            " ".repeat(LABEL)
        };
        page.line(&format!("{label}{line}"));
    }
}

/// The tone of a count of what should not be.
pub(super) fn bad(n: u64) -> Option<Tone> {
    (n > 0).then_some(Tone::Bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;
    use proptest::prelude::*;

    fn written(pieces: &[&str], most_lines: usize) -> String {
        let mut page = Page::new(&Style::default());
        let mut row = Pieces::new("errors");
        pieces.iter().for_each(|piece| row.add(*piece, None));
        row.write(&mut page, most_lines);
        page.finish()
    }

    #[test]
    fn pieces_that_do_not_fit_are_counted() {
        assert_eq!(written(&["one", "two"], 1), "errors      one   two\n");
        assert_eq!(written(&[], 1), "");
        let long = "x".repeat(40);
        assert_eq!(
            written(&[&long, &long, &long], 2),
            format!("errors      {long}\n            {long}   + 1 more\n")
        );
    }

    proptest! {
        #[test]
        fn rows_fit_the_page(pieces in prop::collection::vec(".{0,90}", 0..9), most_lines in 1usize..4) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let text = written(&pieces, most_lines);
            prop_assert!(text.lines().count() <= most_lines);
            for line in text.lines() {
                prop_assert!(columns(line) <= 80, "{line}");
            }
        }
    }
}
