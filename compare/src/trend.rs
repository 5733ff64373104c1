//! Many jobs of one service: their figures over time, and which job broke the trend.
//!
//! `breaks` is the rule; [`History`] is the document that is rendered.

mod history;

pub use history::{BreakLine, History, HistoryJob, HistorySubject, TrendMetric, VERSION};

use serde::{Deserialize, Serialize};

/// Earlier jobs that make the trend.
const WINDOW: usize = 10;

/// The fewest values of a trend.
const FEWEST: usize = 4;

/// Deviations from the trend beyond which a value breaks it.
const DEVIATIONS: f64 = 4.0;

/// Makes the median of absolute deviations a standard deviation, for values that are normal.
const NORMAL: f64 = 1.4826;

/// How a job broke the trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Break {
    /// Later jobs stayed there.
    Shift,
    /// Later jobs went back.
    Once,
    /// It is the newest: no later job shows yet whether it stays.
    Newest,
}

/// A value that broke the trend.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Broken {
    /// Its place among the values.
    place: usize,
    kind: Break,
    /// The median of those before it.
    usual: f64,
}

/// Smaller changes never break a trend.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Floor {
    /// As a share of what is usual.
    relative: f64,
    /// In the values' unit.
    absolute: f64,
}

/// Finds the values, oldest first, that break the trend of those before them; absent ones are passed over.
///
/// Of the last ten values since the last shift (at least four), the median and the median absolute deviation are taken,
/// and a value further away than four deviations stands out (the identifier of F. R. Hampel, "The influence curve and its
/// role in robust estimation", Journal of the American Statistical Association 69, 1974; L. Davies, U. Gather, "The
/// identification of multiple outliers", same journal 88, 1993). Neither is moved by a few odd jobs, as mean and
/// standard deviation are. A value that stands out is a shift if most of it and the two after it do, to the same side;
/// then the trend begins anew with it. Else it is passed over in what follows.
fn breaks(values: &[Option<f64>], floor: Floor) -> Vec<Broken> {
    let known: Vec<(usize, f64)> = values
        .iter()
        .enumerate()
        .filter_map(|(place, value)| Some((place, (*value)?)))
        .collect();
    let mut trend: Vec<f64> = Vec::new();
    let mut found = Vec::new();
    for (at, (place, value)) in known.iter().enumerate() {
        let recent = &trend[trend.len().saturating_sub(WINDOW)..];
        let Some(band) = Band::of(recent, floor).filter(|band| band.side(*value) != 0) else {
            trend.push(*value);
            continue;
        };
        let side = band.side(*value);
        let later: Vec<bool> = known[at + 1..]
            .iter()
            .take(2)
            .map(|(_, later)| band.side(*later) == side)
            .collect();
        let kind = match later[..] {
            [] => Break::Newest,
            [next] | [next, _] if next => Break::Shift,
            [_, true] => Break::Shift,
            _ => Break::Once,
        };
        if kind == Break::Shift {
            trend = vec![*value];
        }
        found.push(Broken {
            place: *place,
            kind,
            usual: band.middle,
        });
    }
    found
}

/// Where values are usual.
struct Band {
    middle: f64,
    half: f64,
}

impl Band {
    fn of(recent: &[f64], floor: Floor) -> Option<Self> {
        if recent.len() < FEWEST {
            return None;
        }
        let middle = median(recent.to_vec());
        let deviation = NORMAL * median(recent.iter().map(|value| (value - middle).abs()).collect());
        let half = (DEVIATIONS * deviation)
            .max(floor.relative * middle.abs())
            .max(floor.absolute);
        Some(Self { middle, half })
    }

    /// 0 within, else on which side of it.
    fn side(&self, value: f64) -> i8 {
        if value > self.middle + self.half {
            1
        } else if value < self.middle - self.half {
            -1
        } else {
            0
        }
    }
}

/// Of at least one value.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FLOOR: Floor = Floor {
        relative: 0.1,
        absolute: 0.05,
    };

    fn found(values: &[f64]) -> Vec<(usize, Break)> {
        let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        breaks(&values, FLOOR)
            .iter()
            .map(|broken| (broken.place, broken.kind))
            .collect()
    }

    #[test]
    fn shifts_and_odd_jobs_are_told_apart() {
        let steady = [10.0, 10.2, 9.9, 10.1, 10.0];
        assert_eq!(found(&steady), []);
        assert_eq!(
            found(&[&steady[..], &[15.0, 15.1, 14.9, 15.0]].concat()),
            [(5, Break::Shift)]
        );
        assert_eq!(
            found(&[&steady[..], &[15.0, 10.1, 10.0]].concat()),
            [(5, Break::Once)]
        );
        assert_eq!(
            found(&[&steady[..], &[15.0, 10.1, 15.0, 15.2, 15.1]].concat()),
            [(5, Break::Shift)]
        );
        assert_eq!(found(&[&steady[..], &[15.0]].concat()), [(5, Break::Newest)]);
        assert_eq!(
            found(&[&steady[..], &[7.0, 7.1, 7.0]].concat()),
            [(5, Break::Shift)]
        );
        assert_eq!(found(&[1.0, 2.0, 100.0]), [], "too few for a trend");
        assert_eq!(found(&[0.0; 9]), []);
    }

    #[test]
    fn absent_values_are_passed_over() {
        let mut values = vec![Some(10.0); 6];
        values.insert(2, None);
        values.push(None);
        values.push(Some(20.0));
        let found = breaks(&values, FLOOR);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].place, found[0].kind), (8, Break::Newest));
        assert!((found[0].usual - 10.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn what_stays_within_the_floor_breaks_nothing(values in prop::collection::vec(96.0f64..104.0, 0..60)) {
            prop_assert_eq!(found(&values), []);
        }

        #[test]
        fn one_step_is_found_where_it_is(before in 4usize..20, after in 2usize..20, level in 100.0f64..1e6, up in any::<bool>()) {
            let other = if up { level * 1.5 } else { level / 1.5 };
            let values = [vec![level; before], vec![other; after]].concat();
            prop_assert_eq!(found(&values), [(before, Break::Shift)]);
        }
    }
}
