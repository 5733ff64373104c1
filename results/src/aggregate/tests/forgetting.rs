//! A long job: what is written is forgotten, and nothing that was reported is lost by that.

use super::*;

const SECONDS: u32 = 60;
const AGENTS: [&str; 2] = ["a", "b"];

/// The rows as a store would have them.
#[derive(Debug, Default, PartialEq)]
struct Stored {
    seconds: BTreeMap<u32, SecondRow>,
    agent_seconds: BTreeMap<(u32, String), AgentSecondRow>,
}

impl Stored {
    fn save(&mut self, update: SeriesUpdate) {
        let rows = update.seconds.into_iter();
        self.seconds.extend(rows.map(|row| (row.second, row)));
        let rows = update.agent_seconds.into_iter();
        self.agent_seconds
            .extend(rows.map(|row| ((row.second, row.agent.clone()), row)));
    }

    fn of(&self, seconds: &[u32]) -> SeriesUpdate {
        let is_asked = |second: &u32| seconds.contains(second);
        let agent_seconds = self.agent_seconds.values().filter(|row| is_asked(&row.second));
        SeriesUpdate {
            seconds: self
                .seconds
                .values()
                .filter(|row| is_asked(&row.second))
                .cloned()
                .collect(),
            agent_seconds: agent_seconds.cloned().collect(),
            ..SeriesUpdate::default()
        }
    }
}

/// Applies reports in order; after each, writes what is known, and forgets what is older than `kept` seconds.
fn aggregate(reports: &[(usize, Delta)], kept: u32) -> (Aggregator, Stored, usize) {
    let mut aggregator = Aggregator::new(
        job("10", u64::from(SECONDS)).spec.load(),
        AGENTS.map(|agent| (agent.to_owned(), 1)),
    )
    .watching(&[
        "iterations: rate>1".parse().unwrap(),
        "http_req_duration: p(99)<1s over 5s".parse().unwrap(),
    ]);
    let (mut stored, mut most_held) = (Stored::default(), 0);
    for (agent, delta) in reports {
        aggregator.apply(AGENTS[*agent], 1, delta);
        aggregator.judge_before(aggregator.complete_before_second());
        let torn = aggregator.torn(8);
        aggregator.restore(&torn, &stored.of(&torn));
        let before = aggregator.complete_before_second();
        stored.save(aggregator.take_changes(before));
        aggregator.forget_before(before.saturating_sub(kept));
        most_held = most_held.max(aggregator.series.seconds().count());
    }
    while let torn @ [_, ..] = &aggregator.torn(8)[..] {
        aggregator.restore(torn, &stored.of(torn));
    }
    stored.save(aggregator.take_changes(u32::MAX));
    (aggregator, stored, most_held)
}

fn reports() -> impl Strategy<Value = Vec<(usize, Delta)>> {
    // Some reports are of a second long past: users report an iteration when it has ended.
    let late = prop::collection::vec(
        (0u32..SECONDS, 0usize..2, 0u32..SECONDS, 1u64..1_000_000_000),
        0..20,
    );
    late.prop_map(|late| {
        let mut reports = Vec::new();
        for at in 0..SECONDS {
            for agent in 0..AGENTS.len() {
                let ns = 1_000_000 * (u64::from(at) % 7 + agent as u64 + 1);
                reports.push((agent, second(at, 5, &[ns; 5])));
            }
            for (when, agent, of, ns) in &late {
                if *when == at && of < when {
                    let delta = Delta {
                        complete_before_second: at + 1,
                        health: Vec::new(),
                        ..second(*of, 1, &[*ns])
                    };
                    reports.push((*agent, delta));
                }
            }
        }
        reports
    })
}

proptest! {
    #[test]
    fn forgetting_changes_no_figure(reports in reports(), kept in 0u32..20) {
        let (all, all_rows, _) = aggregate(&reports, u32::MAX);
        let (few, few_rows, _) = aggregate(&reports, kept);
        prop_assert_eq!(few_rows, all_rows);
        let job = job("10", u64::from(SECONDS));
        let summary = |of: &Aggregator| {
            let mut summary = of.summary(&job, &[], true);
            // What is reported of a forgotten second counts in no window.
            summary.thresholds.truncate(1);
            // Of a slow second, the median of all is that of when it was forgotten.
            summary.warnings.iter_mut().for_each(|warning| warning.truncate(warning.find('(').unwrap_or(0)));
            summary
        };
        prop_assert_eq!(summary(&few), summary(&all));
    }
}

#[test]
fn a_job_of_any_length_holds_few_seconds() {
    let all: Vec<(usize, Delta)> = (0..SECONDS)
        .flat_map(|at| {
            [
                (0, second(at, 5, &[1_000_000; 5])),
                (1, second(at, 5, &[1_000_000; 5])),
            ]
        })
        .collect();
    let (aggregator, stored, most_held) = aggregate(&all, 5);
    assert!(most_held <= 7, "{most_held}");
    assert_eq!(stored.seconds.len(), SECONDS as usize);
    assert_eq!(aggregator.accounting().started, u64::from(SECONDS) * 10);
    let (everything, ..) = aggregate(&all, u32::MAX);
    let job = job("10", u64::from(SECONDS));
    let summaries = [aggregator, everything].map(|of| of.summary(&job, &[], true));
    assert_eq!(summaries[0], summaries[1], "its windows are judged as well");
}
