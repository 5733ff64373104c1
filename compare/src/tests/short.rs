//! What is said of jobs shorter than ten seconds.

use super::{SEEDS, Synthetic, finding, judged, measured};
use crate::{Conclusion, Finding, Measured, Statistic};

/// One endpoint at 40 a second for 8 seconds.
fn short(seed: u64) -> Synthetic {
    Synthetic {
        seconds: 8,
        per_second: 40,
        endpoints: 1,
        ..Synthetic::new(seed)
    }
}

fn three_before(seed: u64) -> [Measured; 3] {
    [1, 2, 3].map(|number| measured(short(5 * seed + number)))
}

#[test]
fn a_fifth_slower_is_a_regression_and_the_same_is_none() {
    let (mut wrong_of_same, mut wrong_of_slower) = (Vec::new(), Vec::new());
    for seed in 0..SEEDS {
        let before = three_before(seed);
        let same = judged(&before, &measured(short(5 * seed)));
        if same.verdict == Conclusion::Regression {
            wrong_of_same.push((seed, same.headline));
        }
        let slower = judged(
            &before,
            &measured(Synthetic {
                factor: 1.2,
                ..short(5 * seed + 4)
            }),
        );
        if slower.verdict != Conclusion::Regression {
            wrong_of_slower.push((seed, slower.headline));
        }
    }
    assert!(wrong_of_same.len() <= 5, "{wrong_of_same:#?}");
    assert!(wrong_of_slower.len() <= 5, "{wrong_of_slower:#?}");
}

#[test]
fn one_earlier_job_is_enough_for_a_large_change() {
    let before = [measured(short(1))];
    let same = judged(&before, &measured(short(2)));
    assert_eq!(same.verdict, Conclusion::NoDifference, "{}", same.headline);
    assert!(
        same.notes
            .iter()
            .any(|note| note.contains("by the values of each second")),
        "{:?}",
        same.notes
    );
    let twice = judged(
        &before,
        &measured(Synthetic {
            factor: 2.0,
            ..short(2)
        }),
    );
    assert_eq!(finding(&twice, "GET /items", Statistic::P50), Finding::Slower);
    // Only medians and shares are judged.
    assert_eq!(
        finding(&twice, "GET /items", Statistic::P99),
        Finding::TooFewSamples
    );
    let place = twice
        .places
        .iter()
        .find(|place| &*place.place.name == "GET /items")
        .unwrap();
    let p50 = place
        .statistics
        .iter()
        .find(|one| one.kind == Statistic::P50)
        .unwrap();
    let (Some(before), Some(now), Some(change)) = (p50.before, p50.now, p50.change) else {
        panic!("{p50:?}");
    };
    assert!((100.0 * (now / before - 1.0) - change).abs() < 1e-6, "{p50:?}");
    assert!(p50.low.unwrap() < change && change < p50.high.unwrap(), "{p50:?}");
}

#[test]
fn failures_are_judged_by_second_too() {
    let failing = |failing| measured(Synthetic { failing, ..short(4) });
    let half = judged(&three_before(0), &failing(5_000));
    assert_eq!(
        finding(&half, "GET /items", Statistic::ErrorRate),
        Finding::MoreErrors
    );
    assert_eq!(half.verdict, Conclusion::Regression);
    let few = judged(&three_before(0), &failing(30));
    assert!(!finding(&few, "GET /items", Statistic::ErrorRate).is_change());
}

#[test]
fn jobs_that_differ_among_themselves_count_as_noise() {
    let run = |number, factor| {
        measured(Synthetic {
            factor,
            ..short(number)
        })
    };
    let differing = [run(1, 0.8), run(2, 1.2), run(3, 1.0)];
    let agreeing = [run(1, 1.0), run(2, 1.0), run(3, 1.0)];
    let now = run(4, 1.25);
    assert_eq!(judged(&agreeing, &now).verdict, Conclusion::Regression);
    assert_eq!(
        finding(&judged(&differing, &now), "GET /items", Statistic::P50),
        Finding::TooNoisy
    );
}

#[test]
fn jobs_of_different_lengths_are_compared_by_seconds_if_neither_is_long() {
    let of = |seconds, number, factor| {
        measured(Synthetic {
            seconds,
            factor,
            ..short(number)
        })
    };
    let now = of(8, 2, 2.0);
    assert_eq!(judged(&[of(15, 1, 1.0)], &now).verdict, Conclusion::Regression);
    assert_eq!(judged(&[of(60, 1, 1.0)], &now).verdict, Conclusion::TooFewSamples);
}
