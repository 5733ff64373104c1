//! Seats, epochs, and what is due to whom.

use super::*;

fn team(rest: &str) -> Team {
    let text = format!(r#"{{"binary_sha256":"{}",{rest}}}"#, "a".repeat(64));
    let spec = JobSpec::parse(&text).unwrap();
    Team::new(&spec, [("a".to_owned(), 1), ("b".to_owned(), 1)])
}

#[test]
fn anybody_may_join_an_open_job() {
    let mut team = team(r#""rate":"100","duration":"4s""#);
    assert_eq!(
        (team.room(Some(2)), team.room(Some(3)), team.room(None) > 100),
        (0, 1, true)
    );
    assert_eq!(team.seat("c", 2), Some(2));
    assert!(team.enter("c") && !team.enter("c") && !team.enter("x"));
    team.revise(2_000_000_000, None);
    assert!(team.leave("a") && !team.leave("a"));
    team.revise(3_000_000_000, None);
    let shares: Vec<u64> = team.shares().into_iter().map(|(_, share)| share).collect();
    assert_eq!(shares.iter().sum::<u64>(), 400);
    assert_eq!((shares[0], shares[1] > 150), (125, true));
    let due = team.due(u64::MAX, "w");
    assert_eq!(due[0], ("a".to_owned(), vec![("w".to_owned(), 125)]));
}

#[test]
fn shared_iterations_go_where_users_are() {
    for (load, shares) in [
        (r#""iterations":11"#, [11, 0]),
        (r#""iterations":11,"users":2"#, [6, 5]),
        (r#""iterations":11,"users":3"#, [7, 4]),
        (r#""iterations":1,"users":3"#, [1, 0]),
    ] {
        let planned: Vec<u64> = team(load).shares().into_iter().map(|(_, share)| share).collect();
        assert_eq!(planned, shares, "{load}");
    }
}

#[test]
fn users_have_seats_that_only_one_can_have() {
    let mut team = team(r#""users":10,"duration":"4s""#);
    assert_eq!((team.room(None), team.seat("c", 1)), (0, None));
    team.leave("a");
    assert_eq!((team.room(None), team.seat("c", 1)), (1, Some(0)));
    assert!(team.enter("c"));
    assert_eq!(team.room(None), 0);
}

#[test]
fn one_that_is_back_has_its_seat_and_another_epoch() {
    for load in [r#""rate":"100","duration":"4s""#, r#""users":10,"duration":"4s""#] {
        let mut team = team(load);
        assert!(team.leave("b"));
        team.revise(1_000_000_000, None);
        assert_eq!((team.epoch_of("b"), team.seat("b", 1)), (1, Some(1)));
        assert_eq!((team.epoch_of("b"), team.epoch_of("a")), (2, 1));
        assert!(team.enter("b"));
        team.revise(2_000_000_000, None);
        let due = [1, 2].map(|epoch| team.due_of_attempt("b", epoch, u64::MAX)[0].1);
        let planned = [1, 2, 3].map(|epoch| team.planned_of("b", epoch));
        if team.bound {
            assert_eq!((due, planned), ([0, 0], [0, 0, 0]));
        } else {
            assert_eq!((due, planned), ([50, 100], [50, 100, 0]));
        }
        let users = team.user_presence(u64::MAX, |agent, epoch| match (agent, epoch) {
            ("b", 1) => 500_000_000,
            _ => u64::MAX,
        });
        assert_eq!(
            users.map(|users| (users.planned_ns, users.missing_ns)),
            team.bound.then_some((40_000_000_000, 7_500_000_000)),
            "five users for a second and a half"
        );
    }
}

#[test]
fn while_nobody_is_there_the_last_one_accounts_for_what_is_due() {
    let mut team = team(r#""rate":"100","duration":"4s""#);
    team.leave("a");
    team.revise(1_000_000_000, None);
    team.leave("b");
    team.revise(2_000_000_000, None);
    assert_eq!(team.present(), Vec::<String>::new());
    let due = |team: &Team, agent: &str, epoch| team.due_of_attempt(agent, epoch, u64::MAX)[0].1;
    assert_eq!((due(&team, "a", 1), due(&team, "b", 1)), (50, 350));
    team.seat("b", 1);
    team.turn_away("b");
    team.seat("b", 1);
    team.enter("b");
    team.revise(3_000_000_000, None);
    assert_eq!(
        (
            due(&team, "a", 1),
            [1, 2, 3, 4].map(|epoch| due(&team, "b", epoch))
        ),
        (50, [250, 0, 100, 0])
    );
}

#[test]
fn users_with_a_quota_have_no_successors() {
    for load in [
        r#""iterations":11,"users":3"#,
        r#""iterations_per_user":4,"users":3"#,
    ] {
        let mut team = team(load);
        team.leave("a");
        assert_eq!(team.room(None), 0, "{load}");
    }
}
