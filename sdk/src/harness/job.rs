//! The job that a load test runs in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::vocabulary::{Connections, WhenFull};
use heavy_plugin::rpc::{Anchor, Setup};
use serde_json::Value;

use super::closed::ClosedWorkflow;
use crate::http::{monotonic_ns, wall_ns};

/// The job, as far as the load test is concerned.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) agent_index: u32,
    pub(crate) anchor: Anchor,
    /// The job's variables, which override those of the env file. Both override the environment of the process.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) max_in_flight: u32,
    pub(crate) when_full: WhenFull,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connections: Connections,
    pub(crate) traceparent: bool,
    /// For each workflow of the server how its users go on, if it is a closed one.
    pub(crate) closed: Vec<Option<Arc<ClosedWorkflow>>>,
    /// For each workflow of the server whether its users are identities of the job.
    pub(crate) fixed_users: Vec<bool>,
    /// The first params of each workflow of the server, null for those that are not run.
    pub(crate) params: Vec<Arc<Value>>,
}

impl Job {
    /// The job of a setup; `places` are those of its workflows in the server, `params` by workflow, `env` from the env files.
    pub(crate) fn new(
        setup: Setup,
        places: &[usize],
        params: Vec<Arc<Value>>,
        mut env: BTreeMap<String, String>,
    ) -> Self {
        env.extend(setup.env);
        let mut closed: Vec<_> = params.iter().map(|_| None).collect();
        let mut fixed_users = vec![false; params.len()];
        for (&place, workflow) in places.iter().zip(&setup.workflows) {
            closed[place] = workflow
                .closed
                .as_ref()
                .map(|setup| Arc::new(ClosedWorkflow::new(setup)));
            fixed_users[place] = !workflow.identities.is_empty();
        }
        Self {
            agent_index: setup.agent_index,
            anchor: setup.anchor,
            env,
            max_in_flight: setup.max_in_flight,
            when_full: setup.when_full,
            timeout: setup.timeout_ns.map(Duration::from_nanos),
            connections: setup.connections,
            traceparent: setup.traceparent,
            closed,
            fixed_users,
            params,
        }
    }

    /// The job's wall time at `at_ns` of the monotonic clock: a step of the host's clock cannot touch it.
    pub(crate) fn wall_ns(&self, at_ns: u64) -> u64 {
        let elapsed_ns = at_ns
            .cast_signed()
            .wrapping_sub(self.anchor.monotonic_ns.cast_signed());
        self.anchor.wall_ns.saturating_add_signed(elapsed_ns)
    }

    /// The job's wall time at an instant of this host's clock, which may be another.
    pub(crate) fn of_host_ns(&self, host_wall_ns: u64) -> u64 {
        let ahead_ns = self.wall_ns(monotonic_ns()).cast_signed() - wall_ns().cast_signed();
        host_wall_ns.saturating_add_signed(ahead_ns)
    }
}

/// An anchor made on the spot, for a load test that has no agent.
pub(crate) fn anchor_now() -> Anchor {
    Anchor {
        monotonic_ns: monotonic_ns(),
        wall_ns: wall_ns(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_follows_the_monotonic_clock_in_both_directions() {
        let setup = Setup {
            job: String::new(),
            agent: String::new(),
            agent_index: 0,
            agents: 1,
            workflows: Vec::new(),
            env: BTreeMap::from([("A".to_owned(), "job".to_owned())]),
            anchor: Anchor {
                monotonic_ns: 1_000,
                wall_ns: 1_700_000_000_000_000_000,
            },
            max_in_flight: 1,
            when_full: WhenFull::Drop,
            timeout_ns: None,
            connections: Connections::Shared,
            traceparent: false,
        };
        let file = BTreeMap::from([
            ("A".to_owned(), "file".to_owned()),
            ("B".to_owned(), "file".to_owned()),
        ]);
        let job = Job::new(setup, &[], Vec::new(), file);
        assert_eq!(job.wall_ns(1_250), 1_700_000_000_000_000_250);
        assert_eq!(job.wall_ns(750), 1_699_999_999_999_999_750);
        assert_eq!((&*job.env["A"], &*job.env["B"]), ("job", "file"));
    }
}
