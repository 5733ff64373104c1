//! What settling counts as what, and that it goes again when records come.

use super::*;

/// A share of 100 iterations, of which 40 were due while the agent had its lease.
fn settlement(epoch: u32, is_alive: bool) -> Settlement {
    let due = DueIterations {
        workflow: String::new(),
        leased: 40,
        all: 100,
    };
    Settlement {
        shares: vec![DueShare {
            agent: "a".to_owned(),
            epoch,
            planned: 100,
            is_alive,
            due: vec![due],
        }],
        ..Settlement::default()
    }
}

/// Iterations that are reported as due, of which so many have started and so many of those have ended.
fn reported(scheduled: u64, started: u64, ok: u64) -> Delta {
    let mut delta = second(0, started, &[1]);
    delta.iterations[0].scheduled = scheduled;
    delta.iterations[0].ok = ok;
    delta
}

fn closing(started: u64, ended: Ended) -> Closing {
    Closing {
        ended: Some(ended),
        scheduled: started,
        started,
        ok: started,
        ..Closing::default()
    }
}

#[test]
fn what_is_not_accounted_for_is_unknown_lost_or_gap() {
    // Due, started and ended as reported; whether its process is alive; what follows: started, lost, unknown, gap.
    for (name, (due, started, ok), is_alive, expected) in [
        ("nothing reported", (0, 0, 0), false, (0, 0, 40, 60)),
        ("up to 25", (25, 25, 25), false, (25, 0, 15, 60)),
        ("up to 25, 5 without a line", (25, 20, 20), false, (25, 5, 15, 60)),
        ("the same, alive", (25, 20, 20), true, (20, 0, 20, 60)),
        ("started without an outcome", (25, 25, 22), false, (25, 3, 15, 60)),
        ("started before it was due", (2, 5, 4), false, (5, 1, 35, 60)),
        ("the same, alive", (2, 5, 4), true, (5, 1, 35, 60)),
        ("beyond the lease", (50, 50, 50), false, (50, 0, 0, 50)),
        (
            "everything but the closing",
            (100, 100, 100),
            false,
            (100, 0, 0, 0),
        ),
    ] {
        let mut aggregator = aggregator(&["a"]);
        aggregator.apply("a", 1, &reported(due, started, ok));
        aggregator.settle(&settlement(1, is_alive));
        let all = aggregator.accounting();
        assert!(all.balances(), "{name}: {all:?}");
        assert_eq!(all.scheduled, 100, "{name}");
        let found = (all.started, all.lost, all.unknown, all.dropped.gap);
        assert_eq!(found, expected, "{name}");
        let summary = aggregator.summary(&job("10", 3), &[], true);
        assert_eq!(summary.missing.len(), 1, "{name}: {:?}", summary.missing);
        assert_eq!(summary.agents[0].iterations.unknown, all.unknown);
        assert_eq!(summary.workflows[0].iterations.unknown, all.unknown);
    }
}

#[test]
fn a_closed_account_says_what_was_started_so_that_the_rest_was_not() {
    for (ended, scheduled) in [
        (Ended::Died, 100),
        (Ended::Lease, 100),
        (Ended::Stopped, 25),
        (Ended::Data, 25),
    ] {
        let mut aggregator = aggregator(&["a"]);
        aggregator.apply("a", 1, &reported(25, 25, 25));
        aggregator.close("a", 1, closing(25, ended));
        aggregator.settle(&settlement(1, false));
        let all = aggregator.accounting();
        assert_eq!(
            (all.scheduled, all.dropped.gap),
            (scheduled, scheduled - 25),
            "{ended}"
        );
        assert_eq!((all.unknown, all.lost), (0, 0), "{ended}");
        let missing = aggregator.summary(&job("10", 3), &[], true).missing;
        assert_eq!(missing, [""; 0], "{ended}");
    }
}

#[test]
fn an_account_is_closed_by_its_own_closing_and_not_by_that_of_another_epoch() {
    let mut aggregator = aggregator(&["a"]);
    aggregator.apply("a", 1, &reported(25, 25, 25));
    aggregator.apply("a", 2, &reported(30, 30, 30));
    aggregator.close("a", 2, closing(30, Ended::Finished));
    let mut both = settlement(1, false);
    both.shares.extend(settlement(2, false).shares);
    aggregator.settle(&both);
    let summary = aggregator.summary(&job("10", 3), &both.planned(), true);
    assert_eq!(
        summary.missing,
        ["agent a did not deliver all of its results"],
        "the first epoch is open"
    );
    let [agent] = &summary.agents[..] else {
        panic!("one agent, {:?}", summary.agents)
    };
    let all = agent.iterations;
    assert!(all.balances(), "{all:?}");
    assert_eq!(
        (all.planned, all.started, all.unknown, all.dropped.gap),
        (200, 55, 15, 60)
    );
    assert_eq!(agent.ended, Some(Ended::Finished), "as its newest assignment");
}

#[test]
fn a_closing_that_counts_more_than_its_reports_names_what_is_missing() {
    let mut aggregator = aggregator(&["a"]);
    aggregator.apply("a", 1, &reported(25, 25, 25));
    aggregator.close("a", 1, closing(30, Ended::Finished));
    aggregator.settle(&settlement(1, false));
    let missing = aggregator.summary(&job("10", 3), &[], true).missing;
    assert_eq!(
        missing,
        ["statistics of agent a: its final count is 30 iterations started, its reports have 25"]
    );
}

#[test]
fn events_and_lines_continue_their_numbers() {
    let written = Written { events: 7, lines: 3 };
    let mut again = aggregator(&["a"]).after(written, vec![Event::default()]);
    let mut delta = reported(1, 1, 1);
    delta.events.push(Event {
        kind: "late".to_owned(),
        ..Event::default()
    });
    again.apply_again("a", 1, &delta);
    assert_eq!(again.written(), written);
    again.apply("a", 1, &delta);
    let update = again.take_changes(9);
    let events: Vec<(u64, &str)> = update
        .events
        .iter()
        .map(|(number, event)| (*number, event.kind.as_str()))
        .collect();
    assert_eq!(events, [(7, "late")]);
    assert_eq!(again.summary(&job("10", 3), &[], true).events.len(), 2);
}

proptest! {
    #[test]
    fn every_account_balances(
        parts in prop::collection::vec((1u32..3, 0u64..50, 0u64..50, 0u64..50), 0..8),
        late in 0u64..50,
        leased in 0u64..200,
        all in 0u64..200,
        is_alive: bool,
        to_the_end: bool,
        closed: bool,
    ) {
        let mut aggregator = aggregator(&["a"]);
        let mut sum = 0;
        for (epoch, started, without_line, failed) in &parts {
            let started = started + failed;
            let due = (started + without_line).saturating_sub(late);
            aggregator.apply("a", *epoch, &reported(due, started, started));
            sum += started;
        }
        if closed {
            aggregator.close("a", 1, Closing { ended: Some(Ended::Died), ..Closing::default() });
        }
        let mut settlement = settlement(1, is_alive);
        settlement.to_the_end = to_the_end;
        settlement.shares[0].due[0].leased = leased;
        settlement.shares[0].due[0].all = all;
        aggregator.settle(&settlement);
        let accounting = aggregator.accounting();
        prop_assert!(accounting.balances(), "{accounting:?}");
        prop_assert!(accounting.started >= sum);
        let summary = aggregator.summary(&job("10", 3), &[], true);
        let of_agents: u64 = summary.agents.iter().map(|agent| agent.iterations.scheduled).sum();
        prop_assert_eq!(of_agents, accounting.scheduled);
    }
}
