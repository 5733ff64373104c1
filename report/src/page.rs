//! The sheet on which a report is written: lines, headings, colours, wrapping.

use heavy_load::escape::escape;

use crate::Style;
use crate::clip::{clip, columns, first_columns};
use crate::percentiles::ROUGH_NOTE;
use crate::standing::Mood;

const NARROWEST: usize = 80;
const WIDEST: usize = 120;

/// What a piece of text means to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Strong,
    Quiet,
    Good,
    Bad,
    Doubtful,
}

impl Tone {
    pub(crate) const fn of(mood: Mood) -> Self {
        match mood {
            Mood::Good => Self::Good,
            Mood::Bad => Self::Bad,
            Mood::Doubtful => Self::Doubtful,
            Mood::Neutral => Self::Strong,
        }
    }

    const fn sgr(self) -> &'static str {
        match self {
            Self::Strong => "1",
            Self::Quiet => "2",
            Self::Good => "1;32",
            Self::Bad => "1;31",
            Self::Doubtful => "1;33",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Page {
    lines: String,
    colour: bool,
    pub(crate) width: usize,
    few_samples: bool,
}

impl Page {
    pub(crate) fn new(style: &Style) -> Self {
        Self {
            lines: String::new(),
            colour: style.colour,
            width: style.width.clamp(NARROWEST, WIDEST),
            few_samples: false,
        }
    }

    /// Remembers that a percentile was marked as resting on too few samples.
    pub(crate) fn mark_few_samples(&mut self) {
        self.few_samples = true;
    }

    /// The text in the colour of its tone, if colours are wanted.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{}m{text}\u{1b}[0m", tone.sgr())
        } else {
            text.to_owned()
        }
    }

    /// One line; blanks at its end are left out.
    pub(crate) fn line(&mut self, text: &str) {
        self.lines.push_str(text.trim_end());
        self.lines.push('\n');
    }

    pub(crate) fn line_count(&self) -> usize {
        self.lines.lines().count()
    }

    /// Adds the lines of another page.
    pub(crate) fn append(&mut self, other: Self) {
        self.lines.push_str(&other.lines);
    }

    pub(crate) fn blank(&mut self) {
        self.line("");
    }

    /// A blank line and a section's name.
    pub(crate) fn heading(&mut self, name: &str) {
        self.blank();
        let name = self.paint(Tone::Strong, name);
        self.line(&name);
    }

    /// A hostile name at the left (`indent` columns in) and facts at the right margin.
    pub(crate) fn title(&mut self, indent: usize, name: &str, facts: &str, facts_tone: Option<Tone>) {
        let room = self.width.saturating_sub(indent + columns(facts) + 2);
        let name = clip(name, room.max(8));
        let gap = self
            .width
            .saturating_sub(indent + columns(&name) + columns(facts))
            .max(2);
        let name = self.paint(Tone::Strong, &name);
        let facts = facts_tone.map_or_else(|| facts.to_owned(), |tone| self.paint(tone, facts));
        self.line(&format!("{:indent$}{name}{:gap$}{facts}", "", ""));
    }

    /// Hostile text over as many lines as it needs: `first` before the first, blanks of its width before the rest.
    pub(crate) fn wrapped(&mut self, first: &str, text: &str, tone: Option<Tone>) {
        let indent = columns(first);
        let room = self.width.saturating_sub(indent).max(20);
        for (number, part) in wrap(&escape(text), room).iter().enumerate() {
            let lead = match (number, tone) {
                (0, Some(tone)) => self.paint(tone, first),
                (0, None) => first.to_owned(),
                _ => " ".repeat(indent),
            };
            self.line(&format!("{lead}{part}"));
        }
    }

    /// Adds the footnotes that the lines so far need.
    pub(crate) fn footnotes(&mut self) {
        if self.few_samples {
            self.blank();
            let note = self.paint(Tone::Quiet, ROUGH_NOTE);
            self.line(&note);
        }
    }

    /// The report.
    pub(crate) fn finish(self) -> String {
        self.lines
    }
}

/// Breaks a string at blanks into lines of at most `room` columns; longer words are broken where the line ends.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let line = lines.last_mut().expect("there is always a last line");
            let gap = usize::from(!line.is_empty());
            if columns(line) + gap + columns(word) <= room {
                if gap > 0 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if columns(word) <= room {
                lines.push(word.to_owned());
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            let (fits, rest) = word.split_at(first_columns(word, room).len());
            line.push_str(fits);
            lines.push(String::new());
            word = rest;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
