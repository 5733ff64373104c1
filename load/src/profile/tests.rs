//! Plans are exact, whatever is written and however it is changed.

use super::*;
use proptest::prelude::*;

const SECOND_NS: u64 = 1_000_000_000;

fn constant(rate: &str, duration: &str) -> Profile {
    Profile::constant(rate.parse().unwrap(), duration.parse().unwrap())
}

fn stages(start: &str, stages: &str) -> Profile {
    let stages: Vec<Stage> = stages.split(',').map(|stage| stage.parse().unwrap()).collect();
    Profile::stages(start.parse().unwrap_or(Rate::ZERO), &stages)
}

/// Everything that people may write: constant or staged, then changed.
fn profiles() -> impl Strategy<Value = Profile> {
    let rate =
        (0u64..5_000, 0usize..3).prop_map(|(count, unit)| format!("{count}/{}", ["s", "m", "h"][unit]));
    let stage = (0u64..3_000, rate.clone()).prop_map(|(ms, rate)| format!("{ms}ms:{rate}"));
    let change = (0u64..6_000, 0usize..3, 1u64..400);
    (
        rate,
        prop::collection::vec(stage, 1..5),
        prop::collection::vec(change, 0..3),
    )
        .prop_map(|(start, all, changes)| {
            let mut profile = stages(&start, &all.join(","));
            for (at_ms, what, amount) in changes {
                let at_ns = at_ms * 1_000_000;
                profile = match what {
                    0 => profile.with_rate_from(at_ns, Rate::per_second(amount).unwrap()),
                    1 => profile.scaled_from(at_ns, amount),
                    _ => profile.with_gap(at_ns, amount * 1_000_000),
                };
            }
            profile
        })
}

fn planned(profile: &Profile) -> u64 {
    profile.count_before(profile.duration_ns())
}

#[test]
fn plans_are_exact() {
    for (rate, duration, expected) in [
        ("2000", "30s", 60_000),
        ("20000", "20s", 400_000),
        ("1", "1s", 1),
        ("0.5", "3s", 2),
        ("3", "1s", 3),
        ("1000/h", "1h", 1000),
        ("100", "1ms", 1),
    ] {
        assert_eq!(
            planned(&constant(rate, duration)),
            expected,
            "{rate} for {duration}"
        );
    }
}

#[test]
fn due_times_do_not_drift() {
    let profile = constant("3", "365h");
    assert_eq!(
        [0, 1, 2, 3].map(|n| profile.due_ns(n)),
        [0, 333_333_334, 666_666_667, 1_000_000_000]
    );
    assert_eq!(profile.due_ns(3 * 3600 * 300), 3_600_000_000_000 * 300);
    assert_eq!(profile.due_ns(3 * 3600 * 366), u64::MAX);
}

#[test]
fn counts_of_stages_are_their_integrals() {
    for (start, text, counts) in [
        // Areas 10,000 and 60,000 and 5,000.
        ("0", "10s:2000,30s:2000,5s:0", [10_000, 70_000, 75_000]),
        ("100", "10s:100,0s:500,2s:500", [1_000, 1_000, 2_000]),
        ("60/m", "60s:3600/h,1h:7200/h,1s:0", [60, 60 + 5_400, 60 + 5_401]),
    ] {
        let profile = stages(start, text);
        let mut end_ns = 0;
        for (stage, count) in text.split(',').zip(counts) {
            end_ns += stage.parse::<Stage>().unwrap().duration.ns();
            assert_eq!(profile.count_before(end_ns), count, "{start} {text} at {end_ns}");
        }
        assert_eq!(planned(&profile), counts[2]);
    }
}

#[test]
fn a_ramp_is_a_square_root() {
    // The area is 100 t*t in s: iteration n is due at sqrt(n) / 10 s.
    let profile = stages("0", "10s:2000");
    for n in [0, 1, 4, 9, 100, 2_500, 8_100] {
        let exact = (n as f64).sqrt() / 10.0 * 1e9;
        assert!(profile.due_ns(n).abs_diff(exact.round() as u64) <= 1, "{n}");
    }
    assert_eq!(profile.rate_per_second_at(5 * SECOND_NS), 1000.0);
    assert_eq!(profile.rate_per_second_at(10 * SECOND_NS), 0.0);
    let highest = profile.pieces.iter().map(|placed| placed.piece.highest()).max();
    let highest = highest.unwrap() as f64 * 1e9 / profile.per_ns as f64;
    assert_eq!((planned(&profile), highest), (10_000, 2_000.0));
}

#[test]
fn the_end_that_only_falls_is_the_ramp_down() {
    for (text, from_s) in [
        ("5s:10,5s:10", 10),
        ("5s:10,5s:5,5s:1", 5),
        ("5s:10,5s:5,5s:6", 15),
    ] {
        assert_eq!(
            stages("0", text).ramp_down_from_ns(),
            from_s * SECOND_NS,
            "{text}"
        );
    }
}

#[test]
fn changes_leave_the_past_and_the_length() {
    let profile = constant("100", "10s");
    let faster = profile.with_rate_from(4 * SECOND_NS, Rate::per_second(1_000).unwrap());
    assert_eq!(
        (planned(&faster), faster.duration_ns()),
        (400 + 6_000, 10 * SECOND_NS)
    );
    let scaled = profile.scaled_from(4 * SECOND_NS, 110);
    assert_eq!(planned(&scaled), 400 + 660);
    let paused = profile.with_gap(4 * SECOND_NS, 3 * SECOND_NS);
    assert_eq!((planned(&paused), paused.duration_ns()), (1_000, 13 * SECOND_NS));
    assert_eq!(
        paused.count_before(7 * SECOND_NS),
        401,
        "the one at the cut is due at once"
    );
    assert_eq!(profile.with_gap(10 * SECOND_NS, 1), profile);
}

#[test]
fn documents_that_are_no_profiles_are_refused() {
    for text in [
        r#"{"per_ns":0,"pieces":[]}"#,
        r#"{"per_ns":1000000000,"pieces":[[5,1,2,4,0]]}"#,
        r#"{"per_ns":1000000000,"pieces":[[5,1,2,9,5]]}"#,
        r#"{"per_ns":1,"pieces":[[5,18446744073709551615,0,5,0]]}"#,
        r#"{"per_ns":1000000000,"pieces":[[18446744073709551615,1,1,18446744073709551615,0]]}"#,
    ] {
        assert!(serde_json::from_str::<Profile>(text).is_err(), "{text}");
    }
}

#[test]
fn stages_are_read_and_refused() {
    assert_eq!("30s:100".parse::<Stage>().unwrap().to_string(), "30s:100/s");
    assert_eq!("1m:0".parse::<Stage>().unwrap().rate, Rate::ZERO);
    for (text, expected) in [
        ("30s", "invalid stage"),
        ("30:5", "invalid duration"),
        ("30s:-1", "invalid rate"),
    ] {
        let error = text.parse::<Stage>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn an_iteration_counts_exactly_when_it_is_due(profile in profiles(), share in 0.0..1.0f64) {
        let planned = planned(&profile);
        prop_assume!(planned > 0);
        let n = ((planned as f64 * share) as u64).min(planned - 1);
        let due_ns = profile.due_ns(n);
        prop_assert!(due_ns < profile.duration_ns());
        prop_assert!(profile.count_before(due_ns) <= n);
        prop_assert!(profile.count_before(due_ns + 1) > n);
        prop_assert!(profile.due_ns(n + 1) > due_ns);
        prop_assert!(profile.due_ns(planned) >= profile.duration_ns());
    }

    #[test]
    fn any_window_holds_as_many_as_the_integral_says(
        profile in profiles(), from_ns in 0u64..12 * SECOND_NS, length_ns in 0u64..3 * SECOND_NS,
    ) {
        let end_ns = (from_ns + length_ns).min(profile.duration_ns());
        let from_ns = from_ns.min(end_ns);
        let count = profile.count_before(end_ns) - profile.count_before(from_ns);
        let area = profile.area(end_ns) - profile.area(from_ns);
        let ideal = area as f64 / profile.units_of_one() as f64;
        prop_assert!((count as f64 - ideal).abs() <= 1.0 + 1e-6, "{count} {ideal}");
        let due = (profile.count_before(from_ns)..).map(|n| profile.due_ns(n)).take_while(|due| *due < end_ns);
        prop_assert_eq!(due.count() as u64, count);
    }

    #[test]
    fn a_profile_survives_its_document(profile in profiles()) {
        let text = serde_json::to_string(&profile).unwrap();
        prop_assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
    }

    #[test]
    fn a_change_leaves_the_past(profile in profiles(), at_ns in 0u64..6 * SECOND_NS, percent in 1u64..300) {
        let changed = profile.scaled_from(at_ns, percent);
        let before = profile.count_before(at_ns);
        prop_assert_eq!(changed.count_before(at_ns), before);
        for n in before.saturating_sub(3)..before {
            prop_assert_eq!(changed.due_ns(n), profile.due_ns(n));
        }
        prop_assert_eq!(changed.duration_ns(), profile.duration_ns());
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = text.parse::<Stage>();
    }
}
