//! Windows that slide over seconds: every one is judged, and the worst is remembered.

use std::collections::BTreeMap;

use super::Threshold;
use super::cell::{Number, ThresholdCell};
use super::outcome::WindowSeconds;
use heavy_load::measured_time::MeasuredTime;

/// The sum over the last seconds of a window. Two stacks make a step cost the same for wide windows.
#[derive(Debug, Clone, Default)]
struct Sliding {
    /// The newer seconds, as they came, and their sum.
    newer: Vec<ThresholdCell>,
    newer_sum: ThresholdCell,
    /// The older ones, the oldest last, each with the sum of itself and all older stack entries below it.
    older: Vec<ThresholdCell>,
}

impl Sliding {
    fn len(&self) -> usize {
        self.newer.len() + self.older.len()
    }

    fn push(&mut self, cell: ThresholdCell) {
        self.newer_sum.merge(&cell);
        self.newer.push(cell);
    }

    fn drop_oldest(&mut self) {
        if self.older.is_empty() {
            let mut sum = ThresholdCell::default();
            for mut cell in self.newer.drain(..).rev() {
                cell.merge(&sum);
                sum = cell;
                self.older.push(sum.clone());
            }
            self.newer_sum = ThresholdCell::default();
        }
        self.older.pop();
    }

    fn sum(&self) -> ThresholdCell {
        let mut sum = self.older.last().cloned().unwrap_or_default();
        sum.merge(&self.newer_sum);
        sum
    }
}

/// One window and its outcome.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    pub(super) value: f64,
    pub(super) samples: u64,
    pub(super) holds: bool,
    pub(super) window: WindowSeconds,
}

/// How far the windows of one threshold are judged.
#[derive(Debug, Clone, Default)]
pub(super) struct WindowScan {
    sliding: Sliding,
    /// The first second that no window takes in yet.
    pub(super) next: u32,
    /// The window that was worst so far; of equals, the first.
    pub(super) worst: Option<Judged>,
    /// Why a window had no value, though something was measured.
    pub(super) none: Option<String>,
}

impl WindowScan {
    pub(super) fn new(threshold: &Threshold) -> Self {
        Self {
            next: threshold.delay_s(),
            ..Self::default()
        }
    }

    /// Judges all windows that end before a second; returns the first that was broken.
    pub(super) fn advance(
        &mut self,
        threshold: &Threshold,
        cells: &BTreeMap<u32, ThresholdCell>,
        before_second: u32,
    ) -> Option<Judged> {
        let width = threshold.window_s().unwrap_or(1) as usize;
        let mut broken = None;
        while self.next < before_second {
            self.sliding
                .push(cells.get(&self.next).cloned().unwrap_or_default());
            self.next += 1;
            if self.sliding.len() > width {
                self.sliding.drop_oldest();
            }
            if self.sliding.len() == width {
                let judged = self.judge(threshold);
                broken = broken.or_else(|| judged.filter(|judged| !judged.holds));
            }
        }
        broken
    }

    /// Judges everything as one window if no window was judged: the job is shorter than its window.
    pub(super) fn finish(&mut self, threshold: &Threshold) {
        let width = threshold.window_s().unwrap_or(1) as usize;
        if (1..width).contains(&self.sliding.len()) {
            self.judge(threshold);
        }
    }

    fn judge(&mut self, threshold: &Threshold) -> Option<Judged> {
        let seconds = u32::try_from(self.sliding.len()).unwrap_or(u32::MAX);
        let cell = self.sliding.sum();
        let width_ns = u64::from(seconds) * 1_000_000_000;
        let number = threshold.number(
            &cell,
            MeasuredTime {
                load_ns: width_ns,
                run_ns: width_ns,
            },
        );
        let value = match number {
            Number::Some(value) => value,
            Number::NoSamples => return None,
            Number::None(why) => {
                self.none = Some(why);
                return None;
            }
        };
        let judged = Judged {
            value,
            samples: cell.samples(),
            holds: threshold.holds(value),
            window: WindowSeconds {
                from: self.next - seconds,
                before: self.next,
            },
        };
        let worse = |than: &Judged| threshold.excess(value) > threshold.excess(than.value);
        if self.worst.as_ref().is_none_or(worse) {
            self.worst = Some(judged.clone());
        }
        Some(judged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(hits: u64, count: u64) -> ThresholdCell {
        let mut cell = ThresholdCell::default();
        cell.add_checks(&crate::stats::Checks {
            passes: hits,
            fails: count - hits,
            ..crate::stats::Checks::default()
        });
        cell
    }

    proptest! {
        #[test]
        fn the_worst_window_is_that_of_plain_sums(
            counts in prop::collection::vec((0u64..5, 0u64..5), 1..60),
            width in 1u32..20,
            delay in 0u32..10,
        ) {
            let text = format!("checks: rate>0.5 over {width}s");
            let text = if delay > 0 { format!("{text} delay {delay}s") } else { text };
            let threshold: Threshold = text.parse().unwrap();
            let cells: BTreeMap<u32, ThresholdCell> = (0..).zip(&counts)
                .map(|(second, (hits, more))| (second, cell(*hits, hits + more)))
                .collect();
            let mut scan = WindowScan::new(&threshold);
            // In steps, as seconds become complete while a job runs.
            for before in 0..=u32::try_from(counts.len()).unwrap() {
                scan.advance(&threshold, &cells, before);
            }
            scan.finish(&threshold);
            let from_delay = counts.get(delay as usize..).unwrap_or_default();
            let windows: Vec<&[(u64, u64)]> = if from_delay.is_empty() {
                Vec::new()
            } else if from_delay.len() < width as usize {
                vec![from_delay]
            } else {
                from_delay.windows(width as usize).collect()
            };
            let share = |window: &&[(u64, u64)]| {
                let hits: u64 = window.iter().map(|(hits, _)| hits).sum();
                let all: u64 = window.iter().map(|(hits, more)| hits + more).sum();
                (all > 0).then(|| hits as f64 / all as f64)
            };
            let worst = windows.iter().filter_map(share).reduce(f64::min);
            prop_assert_eq!(scan.worst.map(|worst| worst.value), worst);
        }
    }
}
