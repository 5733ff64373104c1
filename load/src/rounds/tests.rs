//! Users go round, rest, leave and come back as they should.

use super::*;
use proptest::prelude::*;

fn rounds(rules: Rules) -> Rounds {
    Rounds::new([(0, rules)])
}

/// Runs all that starts before `end` with iterations of `takes`; returns what started: user, scheduled, started.
fn run(rounds: &mut Rounds, takes: u64, end: u64, quota: u64) -> Vec<(u64, u64, u64)> {
    let (mut started, mut running, mut now, mut next_n) = (Vec::new(), Vec::new(), 0, 0);
    while now < end {
        running.retain(|(place, ends)| {
            if *ends == now {
                rounds.ended(*place, now);
            }
            *ends > now
        });
        while let Some(step) = rounds.decide(now, |_| {
            next_n += 1;
            (next_n <= quota).then_some(next_n - 1)
        }) {
            match step {
                UserAction::Start {
                    place,
                    user,
                    due_ns,
                    free_ns,
                    ..
                } => {
                    assert!(free_ns >= due_ns && due_ns <= now);
                    started.push((user, due_ns, now));
                    running.push((place, now + takes));
                }
                UserAction::CutOff { place } => {
                    running.retain(|(other, _)| *other != place);
                    rounds.ended(place, now);
                }
            }
        }
        now += 1;
    }
    started
}

#[test]
fn users_go_round_until_they_leave() {
    let mut rounds = rounds(Rules::default());
    rounds.release(0, 7, 5, 30);
    assert_eq!(
        run(&mut rounds, 10, 100, u64::MAX),
        [(7, 5, 5), (7, 15, 15), (7, 25, 25)]
    );
}

#[test]
fn pacing_is_from_start_to_start_whatever_an_iteration_takes() {
    let paced = Rules {
        pacing_ns: Some(10),
        ..Rules::default()
    };
    let mut rounds = rounds(paced);
    rounds.release(0, 7, 0, 40);
    assert_eq!(
        run(&mut rounds, 3, 100, u64::MAX),
        [(7, 0, 0), (7, 10, 10), (7, 20, 20), (7, 30, 30)]
    );
    let mut rounds = self::rounds(paced);
    rounds.release(0, 7, 0, 40);
    assert_eq!(
        run(&mut rounds, 15, 100, u64::MAX),
        [(7, 0, 0), (7, 10, 15), (7, 20, 30)]
    );
}

#[test]
fn quotas_end_the_rounds() {
    let mut shared = rounds(Rules::default());
    let mut each = rounds(Rules {
        per_user: Some(2),
        ..Rules::default()
    });
    for user in [1, 2] {
        shared.release(0, user, 0, 1_000);
        each.release(0, user, 0, 1_000);
    }
    assert_eq!(run(&mut shared, 10, 500, 3).len(), 3);
    let started = run(&mut each, 10, 500, u64::MAX);
    assert_eq!(
        [1, 2].map(|user| started.iter().filter(|(of, ..)| *of == user).count()),
        [2, 2]
    );
}

#[test]
fn who_leaves_is_cut_off_after_the_grace() {
    let mut rounds = rounds(Rules {
        grace_ns: 5,
        ..Rules::default()
    });
    rounds.release(0, 1, 0, 10);
    assert!(matches!(
        rounds.decide(0, |_| Some(0)),
        Some(UserAction::Start { place: 0, .. })
    ));
    assert_eq!(rounds.decide(14, |_| Some(1)), None);
    assert_eq!(rounds.next_wake_ns(), Some(15));
    assert_eq!(
        rounds.decide(15, |_| Some(1)),
        Some(UserAction::CutOff { place: 0 })
    );
}

#[test]
fn a_newer_release_moves_the_end_and_brings_users_back() {
    let mut rounds = rounds(Rules::default());
    rounds.release(0, 1, 0, 1_000);
    rounds.release(0, 1, 0, 12);
    rounds.release(0, 1, 40, 55);
    // Released in one batch, the last word counts: it rests from when its iteration ends until it comes back.
    assert_eq!(
        run(&mut rounds, 10, 100, u64::MAX),
        [(1, 0, 0), (1, 40, 40), (1, 50, 50)]
    );
    rounds.release(0, 1, 120, 130);
    rounds.stop();
    assert_eq!(
        (rounds.decide(500, |_| Some(1)), rounds.next_wake_ns()),
        (None, None)
    );
}

proptest! {
    #[test]
    fn no_user_runs_twice_at_once_and_none_starts_after_it_left(
        spans in prop::collection::vec((0u64..50, 1u64..60), 1..6), takes in 1u64..20, pacing in prop::option::of(1u64..30),
    ) {
        let mut rounds = rounds(Rules { pacing_ns: pacing, ..Rules::default() });
        for (user, (came, stays)) in (0u64..).zip(&spans) {
            rounds.release(0, user, *came, came + stays);
        }
        let started = run(&mut rounds, takes, 2_000, u64::MAX);
        for (user, (came, stays)) in (0u64..).zip(&spans) {
            let own: Vec<_> = started.iter().filter(|(of, ..)| *of == user).collect();
            prop_assert_eq!(own[0].2, *came);
            prop_assert!(own.iter().all(|(_, due, _)| *due < came + stays));
            prop_assert!(own.windows(2).all(|pair| pair[1].2 >= pair[0].2 + takes));
        }
    }
}
