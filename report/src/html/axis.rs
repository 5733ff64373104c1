//! Axes: from values to places, with ticks at round numbers.

use crate::units::{number, round_time};

/// Ticks at most.
const MOST_TICKS: usize = 6;

/// How values lie along an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    log: bool,
    from: f64,
    pub(super) to: f64,
    /// Values and their labels, ascending.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From 0 to a round number at or above `most`; ticks are numbers.
    pub(super) fn linear(most: f64) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let step = round_step(most / (MOST_TICKS - 1) as f64);
        let steps = (most / step).ceil().max(1.0);
        let ticks = (0..=steps as usize).map(|n| n as f64 * step);
        Self {
            log: false,
            from: 0.0,
            to: steps * step,
            ticks: ticks.map(|value| (value, number(value))).collect(),
        }
    }

    /// Decades of times in ms around `least` and `most`; each is as long as the others.
    pub(super) fn log_time(least: f64, most: f64) -> Self {
        let from = 10f64.powf(least.max(1e-6).log10().floor());
        let to = 10f64.powf(most.max(from * 1.001).log10().ceil()).max(from * 10.0);
        let mut ticks: Vec<f64> = std::iter::successors(Some(from), |tick| Some(tick * 10.0))
            .take_while(|tick| *tick <= to * 1.01)
            .collect();
        if ticks.len() < 4 {
            let between = ticks.iter().flat_map(|tick| [tick * 2.0, tick * 5.0]);
            let mut all: Vec<f64> = between
                .filter(|tick| *tick < to)
                .chain(ticks.iter().copied())
                .collect();
            all.sort_by(f64::total_cmp);
            ticks = all;
        }
        Self {
            log: true,
            from,
            to,
            ticks: ticks.into_iter().map(|tick| (tick, round_time(tick))).collect(),
        }
    }

    /// From 0 to the end of a job, in seconds.
    pub(super) fn seconds(end_s: f64) -> Self {
        const STEPS: [f64; 16] = [
            1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
            14_400.0, 43_200.0,
        ];
        let end_s = end_s.max(1.0);
        let fits = |step: &&f64| end_s / **step <= 10.0;
        let step = STEPS
            .iter()
            .find(fits)
            .copied()
            .unwrap_or((end_s / 8.0 / 86_400.0).ceil() * 86_400.0);
        let ticks = (0..=(end_s / step) as usize).map(|n| n as f64 * step);
        Self {
            log: false,
            from: 0.0,
            to: end_s,
            ticks: ticks.map(|at_s| (at_s, clock(at_s, end_s))).collect(),
        }
    }

    /// Where a value lies, from 0 to 1; what lies beyond the axis is at its end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.from) / self.from).log10() / (self.to / self.from).log10()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below.
fn round_step(least: f64) -> f64 {
    let decade = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * decade);
    steps
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * decade)
}

/// A time from the job's start: `45s`, `3:20`, `1:05:00`, as fine as a job of this length needs.
pub(super) fn clock(at_s: f64, end_s: f64) -> String {
    let whole = at_s.round() as u64;
    if end_s < 120.0 {
        format!("{whole}s")
    } else if end_s < 7_200.0 {
        format!("{}:{:02}", whole / 60, whole % 60)
    } else {
        format!("{}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::linear(97.0)), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&Axis::linear(0.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(
            labels(&Axis::log_time(0.3, 700.0)),
            ["100µs", "1ms", "10ms", "100ms", "1s"]
        );
        assert_eq!(labels(&Axis::log_time(2.0, 7.0)), ["1ms", "2ms", "5ms", "10ms"]);
        assert_eq!(labels(&Axis::seconds(9.5))[9], "9s");
        assert_eq!(labels(&Axis::seconds(3_600.0))[1], "10:00");
        assert_eq!(clock(4_000.0, 86_400.0), "1:06:40");
    }

    proptest! {
        #[test]
        fn any_axis_has_few_ticks_and_holds_its_values(most in 0.0f64..1e12, share in 0.0f64..1.0) {
            for axis in [Axis::linear(most), Axis::log_time(most * share, most), Axis::seconds(most)] {
                prop_assert!(axis.ticks.len() <= 25, "{:?}", axis);
                let place = axis.place(most * share);
                prop_assert!((0.0..=1.0).contains(&place));
                prop_assert!(axis.to >= most * 0.999 || axis.log);
            }
        }
    }
}
