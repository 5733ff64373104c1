//! The numbers of events above a chart: those that would lie on each other share a label.

/// The width of a digit, in units of the picture.
const DIGIT: f64 = 9.0;

/// The gap between labels.
const GAP: f64 = 4.0;

/// The numbers of one or more neighbouring events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Label {
    first: usize,
    last: usize,
    from: f64,
    to: f64,
}

/// Labels for events by their numbers and places, ascending, in a picture of this width; no two overlap, and every number is in
/// one.
pub(super) fn labels(marks: &[(usize, f64)], picture: f64) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    for &(number, x) in marks {
        let mut label = Label {
            first: number,
            last: number,
            from: x,
            to: x,
        };
        while let Some(before) = labels.pop_if(|before| before.overlaps(&label, picture)) {
            label = Label {
                first: before.first.min(label.first),
                last: before.last.max(label.last),
                from: before.from.min(label.from),
                to: before.to.max(label.to),
            };
        }
        labels.push(label);
    }
    labels
}

impl Label {
    /// `3`, or `3-5`.
    pub(super) fn text(&self) -> String {
        if self.first == self.last {
            self.first.to_string()
        } else {
            format!("{}-{}", self.first, self.last)
        }
    }

    fn width(&self) -> f64 {
        self.text().len() as f64 * DIGIT
    }

    /// Its middle, so that it lies within the picture.
    pub(super) fn middle(&self, picture: f64) -> f64 {
        let half = self.width() / 2.0;
        f64::midpoint(self.from, self.to).clamp(half, picture - half)
    }

    fn overlaps(&self, other: &Self, picture: f64) -> bool {
        (self.middle(picture) - other.middle(picture)).abs()
            < f64::midpoint(self.width(), other.width()) + GAP
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDTH: f64 = 760.0;

    #[test]
    fn neighbours_share_a_label() {
        let shown = |marks: &[(usize, f64)]| -> Vec<String> {
            labels(marks, WIDTH).iter().map(Label::text).collect()
        };
        assert_eq!(shown(&[(1, 100.0), (2, 200.0)]), ["1", "2"]);
        assert_eq!(
            shown(&[(1, 100.0), (2, 105.0), (3, 108.0), (4, 300.0)]),
            ["1-3", "4"]
        );
    }

    proptest! {
        #[test]
        fn labels_neither_overlap_nor_leave_the_picture(mut places in prop::collection::vec(64.0..WIDTH - 12.0, 1..40)) {
            places.sort_by(f64::total_cmp);
            let marks: Vec<(usize, f64)> = (1..).zip(places).collect();
            let labels = labels(&marks, WIDTH);
            for pair in labels.windows(2) {
                prop_assert!(!pair[0].overlaps(&pair[1], WIDTH), "{pair:?}");
                prop_assert_eq!(pair[0].last + 1, pair[1].first);
            }
            prop_assert_eq!((labels[0].first, labels[labels.len() - 1].last), (1, marks.len()));
            for label in &labels {
                let half = label.width() / 2.0;
                prop_assert!(label.middle(WIDTH) - half >= 0.0 && label.middle(WIDTH) + half <= WIDTH);
            }
        }
    }
}
