//! The time that the rates of a job are over: starts up to the end of its load, what ended up to its last end.

use crate::load::{Load, LoadModel, Quota, WorkflowLoad};

/// The part of a job's time that its rates are over, in ns from its start. Every rate of a job comes from here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasuredTime {
    /// Up to where iterations were started: the end of the plan, the stop, or the last end where iterations ran out.
    pub load_ns: u64,
    /// Up to where anything ended; never before `load_ns`.
    pub run_ns: u64,
}

/// How far a workflow is with its iterations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkflowProgress {
    /// How many have started.
    pub started: u64,
    /// When the last one ended, in ns from the job's start.
    pub last_ended_ns: u64,
}

impl MeasuredTime {
    /// The time of a job in which iterations were due up to `end_ns` (or are, as far as is known while it runs) and
    /// whose last iteration or request ended at `last_ended_ns`. `progress` returns how far a workflow of the load is.
    #[must_use]
    pub fn new(
        load: &Load,
        end_ns: u64,
        last_ended_ns: u64,
        progress: impl Fn(&WorkflowLoad) -> WorkflowProgress,
    ) -> Self {
        let ends = load
            .workflows
            .iter()
            .map(|workflow| starts_until_ns(load, workflow, progress(workflow)));
        let load_ns = ends.max().unwrap_or(0).min(end_ns);
        Self {
            load_ns,
            run_ns: load_ns.max(last_ended_ns),
        }
    }

    /// A number of starts, drops or planned iterations as a rate per second; 0 without any time.
    #[must_use]
    pub fn starts_per_second(self, count: u64) -> f64 {
        per_second(count as f64, self.load_ns)
    }

    /// A number of what ended, or an amount that came with it, as a rate per second; 0 without any time.
    #[must_use]
    pub fn ends_per_second(self, amount: f64) -> f64 {
        per_second(amount, self.run_ns)
    }

    /// The part of this time that lies between two instants.
    #[must_use]
    pub fn between(self, from_ns: u64, until_ns: u64) -> Self {
        let inside = |end_ns: u64| until_ns.min(end_ns).saturating_sub(from_ns);
        Self {
            load_ns: inside(self.load_ns),
            run_ns: inside(self.run_ns),
        }
    }
}

/// Up to where a workflow starts iterations.
fn starts_until_ns(load: &Load, workflow: &WorkflowLoad, progress: WorkflowProgress) -> u64 {
    let end_ns = load.end_of_ns(workflow);
    match &workflow.model {
        LoadModel::Closed(closed) if closed.quota != Quota::Unlimited => {
            let same = load
                .workflows
                .iter()
                .filter(|other| other.workflow == workflow.workflow);
            let planned: u64 = same.map(WorkflowLoad::planned).sum();
            if progress.started >= planned {
                end_ns.min(progress.last_ended_ns)
            } else {
                end_ns
            }
        }
        _ => end_ns,
    }
}

fn per_second(amount: f64, over_ns: u64) -> f64 {
    if over_ns == 0 {
        return 0.0;
    }
    amount * 1e9 / over_ns as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Closed;
    use crate::profile::Profile;
    use crate::schedule::WorkflowSchedule;
    use crate::span::Span;
    use crate::users::Users;

    const S: u64 = 1_000_000_000;

    fn open(name: &str, seconds: u64) -> WorkflowLoad {
        WorkflowLoad {
            workflow: name.to_owned(),
            model: LoadModel::Open(WorkflowSchedule {
                profile: Profile::constant("10".parse().unwrap(), Span::from_s(seconds)),
                offset_ns: 0,
                turns: None,
                arrivals: crate::arrivals::Arrivals::Uniform,
                seed: 0,
            }),
        }
    }

    fn users(name: &str, seconds: u64, quota: Quota) -> WorkflowLoad {
        WorkflowLoad {
            workflow: name.to_owned(),
            model: LoadModel::Closed(Closed {
                users: Users::Constant(2),
                offset_ns: 0,
                duration_ns: seconds * S,
                pacing_ns: None,
                quota,
            }),
        }
    }

    fn load(workflows: Vec<WorkflowLoad>) -> Load {
        Load {
            workflows,
            warm_up_ns: 0,
            pauses: Vec::new(),
        }
    }

    /// Of a job whose workflow `x` has started 10 iterations, the last of which ended at 2 s.
    fn measured(workflows: Vec<WorkflowLoad>, end_ns: u64, last_ended_ns: u64) -> MeasuredTime {
        MeasuredTime::new(&load(workflows), end_ns, last_ended_ns, |of| {
            let own = WorkflowProgress {
                started: 10,
                last_ended_ns: 2 * S,
            };
            if of.workflow == "x" {
                own
            } else {
                WorkflowProgress::default()
            }
        })
    }

    #[test]
    fn starts_go_on_until_the_plan_ends_or_the_stop_or_iterations_run_out() {
        let time = |load_ns, run_ns| MeasuredTime { load_ns, run_ns };
        for (workflows, end_ns, last_ended_ns, expected) in [
            (vec![open("x", 3)], u64::MAX, 2 * S, time(3 * S, 3 * S)),
            (vec![open("x", 3)], u64::MAX, 4 * S, time(3 * S, 4 * S)),
            (vec![open("x", 3)], S, 2 * S, time(S, 2 * S)),
            (
                vec![users("x", 3, Quota::Unlimited)],
                u64::MAX,
                2 * S,
                time(3 * S, 3 * S),
            ),
            (
                vec![users("x", 600, Quota::Shared(10))],
                u64::MAX,
                5 * S,
                time(2 * S, 5 * S),
            ),
            (
                vec![users("x", 600, Quota::PerUser(5))],
                u64::MAX,
                2 * S,
                time(2 * S, 2 * S),
            ),
            // Not all of them were started in time.
            (
                vec![users("x", 6, Quota::Shared(11))],
                u64::MAX,
                7 * S,
                time(6 * S, 7 * S),
            ),
            (
                vec![users("x", 600, Quota::Shared(10)), open("y", 3)],
                u64::MAX,
                4 * S,
                time(3 * S, 4 * S),
            ),
        ] {
            let found = measured(workflows, end_ns, last_ended_ns);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn rates_are_over_the_time_of_what_they_count() {
        let time = MeasuredTime {
            load_ns: 2 * S,
            run_ns: 4 * S,
        };
        assert_eq!(
            (time.starts_per_second(20), time.ends_per_second(20.0)),
            (10.0, 5.0)
        );
        let last = time.between(S, 3 * S);
        assert_eq!((last.load_ns, last.run_ns), (S, 2 * S));
        assert_eq!(time.between(5 * S, 6 * S), MeasuredTime::default());
        assert_eq!(MeasuredTime::default().starts_per_second(20), 0.0);
    }
}
