//! Lines that are made to fit the terminal, with colours.

use heavy_report::{columns, escape, first_columns};

/// Where lines are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Canvas {
    /// The most that a line may take.
    pub(crate) columns: usize,
    /// The most lines.
    pub(crate) rows: usize,
    /// Whether ANSI colours may be used.
    pub(crate) colour: bool,
}

/// What a piece of a line is to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accent {
    Plain,
    Quiet,
    Good,
    Doubtful,
    Bad,
}

impl Accent {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Quiet => Some("2"),
            Self::Good => Some("32"),
            Self::Doubtful => Some("33"),
            Self::Bad => Some("31"),
        }
    }
}

/// A part of a line: it is shown as a whole or left out, unless it is all there is.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pieces: Vec<(String, Accent)>,
    /// Those with the highest rank are left out first where room is short; 0 stays.
    rank: u8,
}

impl Segment {
    /// A segment of one piece of text, which is escaped.
    pub(super) fn new(rank: u8, text: &str, accent: Accent) -> Self {
        Self {
            pieces: vec![(escape(text), accent)],
            rank,
        }
    }

    /// The same with another piece behind it.
    pub(super) fn and(mut self, text: &str, accent: Accent) -> Self {
        self.pieces.push((escape(text), accent));
        self
    }

    pub(super) fn columns(&self) -> usize {
        self.pieces.iter().map(|(text, _)| columns(text)).sum()
    }
}

/// Two columns between segments.
const GAP: usize = 2;

/// The columns of segments and the gaps between them.
pub(super) fn columns_of(segments: &[Segment]) -> usize {
    let all: usize = segments.iter().map(Segment::columns).sum();
    all + GAP * segments.len().saturating_sub(1)
}

/// The segments on one line that fits: its text and its columns. What is still too long ends in an ellipsis.
pub(super) fn fit(mut segments: Vec<Segment>, canvas: &Canvas) -> (String, usize) {
    while columns_of(&segments) > canvas.columns {
        let highest = segments.iter().map(|segment| segment.rank).max().unwrap_or(0);
        let place = segments.iter().rposition(|segment| segment.rank == highest);
        match place.filter(|_| highest > 0) {
            Some(place) => drop(segments.remove(place)),
            None => break,
        }
    }
    let mut pieces: Vec<(String, Accent)> = Vec::new();
    for segment in segments {
        if !pieces.is_empty() {
            pieces.push((" ".repeat(GAP), Accent::Plain));
        }
        pieces.extend(segment.pieces);
    }
    paint(cut(pieces, canvas.columns), canvas.colour)
}

/// The pieces up to `most` columns.
fn cut(pieces: Vec<(String, Accent)>, most: usize) -> Vec<(String, Accent)> {
    let all: usize = pieces.iter().map(|(text, _)| columns(text)).sum();
    if all <= most {
        return pieces;
    }
    let mut left = most.saturating_sub(1);
    let mut kept = Vec::new();
    for (text, accent) in pieces {
        let taken = columns(&text);
        if taken > left {
            kept.push((format!("{}…", first_columns(&text, left)), accent));
            break;
        }
        left -= taken;
        kept.push((text, accent));
    }
    kept
}

fn paint(pieces: Vec<(String, Accent)>, colour: bool) -> (String, usize) {
    let (mut line, mut taken) = (String::new(), 0);
    for (text, accent) in pieces {
        taken += columns(&text);
        match accent.code().filter(|_| colour && !text.is_empty()) {
            Some(code) => line.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m")),
            None => line.push_str(&text),
        }
    }
    (line, taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(columns: usize) -> Canvas {
        Canvas {
            columns,
            rows: 9,
            colour: false,
        }
    }

    #[test]
    fn what_matters_least_is_left_out_first() {
        let segments = || {
            vec![
                Segment::new(0, "started 9", Accent::Plain),
                Segment::new(2, "7 ok", Accent::Good),
                Segment::new(1, "2 failed", Accent::Bad).and(" (22%)", Accent::Plain),
            ]
        };
        for (columns, line) in [
            (40, "started 9  7 ok  2 failed (22%)"),
            (30, "started 9  2 failed (22%)"),
            (24, "started 9"),
            (8, "started…"),
            (1, "…"),
        ] {
            let (text, width) = fit(segments(), &canvas(columns));
            assert_eq!((text.as_str(), width), (line, super::columns(line)), "{columns}");
        }
    }

    #[test]
    fn colours_take_no_columns_and_hostile_text_steers_nothing() {
        let segment = Segment::new(0, "数据\u{1b}[2J", Accent::Bad);
        let coloured = Canvas {
            colour: true,
            ..canvas(40)
        };
        let (text, width) = fit(vec![segment.clone()], &coloured);
        assert_eq!(text, "\u{1b}[31m数据\\u{1b}[2J\u{1b}[0m");
        assert_eq!(width, 4 + 9);
        assert_eq!(fit(vec![segment], &canvas(4)), ("数…".to_owned(), 3));
        let hearts = Segment::new(0, &"\u{2764}\u{fe0f}".repeat(9), Accent::Bad);
        let (text, width) = fit(vec![hearts], &canvas(10));
        assert!(text.ends_with('…') && width <= 10, "{text}: {width}");
    }
}
