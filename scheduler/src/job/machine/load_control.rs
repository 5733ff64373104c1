//! Changes of a running job's load that clients ask for: what each makes of the load. Pure.

use heavy_load::load::{Load, LoadModel};
use heavy_load::profile::LONGEST_PAUSE_NS;
use heavy_load::schedule::WorkflowSchedule;

use super::event::ChangeRefused;
use crate::job::load_change::LoadChange;

/// Whether a job is paused, and what its load was before.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoadControl {
    /// While paused: since when, and the load as it was.
    paused: Option<(u64, Load)>,
}

impl LoadControl {
    pub(crate) const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// How much is left of a paused load.
    pub(crate) fn paused_left_ns(&self) -> Option<u64> {
        let paused = self.paused.as_ref();
        paused.map(|(since_ns, before)| before.duration_ns().saturating_sub(*since_ns))
    }

    /// The load with a change from an instant on.
    ///
    /// # Errors
    /// When the change makes no sense for this load, or now.
    pub(crate) fn change(
        &mut self,
        load: &Load,
        at_ns: u64,
        change: LoadChange,
    ) -> Result<Load, ChangeRefused> {
        if at_ns >= load.duration_ns() {
            return refuse("the job has started all its iterations");
        }
        match change {
            LoadChange::Pause if self.is_paused() => refuse("the job is already paused"),
            LoadChange::Pause => {
                self.paused = Some((at_ns, load.clone()));
                Ok(with_gap(load, at_ns, LONGEST_PAUSE_NS))
            }
            LoadChange::Resume => match self.paused.take() {
                Some((since_ns, before)) => Ok(with_gap(&before, since_ns, at_ns - since_ns)),
                None => refuse("the job is not paused"),
            },
            LoadChange::Rate(_) | LoadChange::Scale(_) if self.is_paused() => {
                refuse("the job is paused: resume it first")
            }
            LoadChange::Rate(rate) => {
                let schedules = schedules(load)?;
                let same = schedules
                    .windows(2)
                    .all(|pair| pair[0].profile == pair[1].profile);
                if !same {
                    return refuse(
                        "the job's workflows have different rates: change them by a percentage (+10%)",
                    );
                }
                Ok(each(load, |schedule| {
                    let inside_ns = at_ns.saturating_sub(schedule.offset_ns);
                    schedule.profile = schedule.profile.with_rate_from(inside_ns, rate);
                }))
            }
            LoadChange::Scale(percent) => {
                schedules(load)?;
                Ok(each(load, |schedule| {
                    let inside_ns = at_ns.saturating_sub(schedule.offset_ns);
                    schedule.profile = schedule.profile.scaled_from(inside_ns, percent);
                }))
            }
        }
    }
}

/// The schedules of all workflows, if all are open.
fn schedules(load: &Load) -> Result<Vec<&WorkflowSchedule>, ChangeRefused> {
    let schedules: Option<Vec<&WorkflowSchedule>> = load
        .workflows
        .iter()
        .map(|workflow| match &workflow.model {
            LoadModel::Open(schedule) => Some(schedule),
            LoadModel::Closed(_) => None,
        })
        .collect();
    match schedules {
        Some(schedules) => Ok(schedules),
        None => refuse("users have no rate: this job can only be paused and resumed"),
    }
}

fn each(load: &Load, change: impl Fn(&mut WorkflowSchedule)) -> Load {
    let mut load = load.clone();
    for workflow in &mut load.workflows {
        if let LoadModel::Open(schedule) = &mut workflow.model {
            change(schedule);
        }
    }
    load
}

fn with_gap(load: &Load, at_ns: u64, gap_ns: u64) -> Load {
    let mut load = each(load, |schedule| {
        if at_ns < schedule.end_ns() {
            schedule.add_gap(at_ns, gap_ns);
        }
    });
    load.pauses.push((at_ns, at_ns + gap_ns));
    load
}

const fn refuse<T>(why: &'static str) -> Result<T, ChangeRefused> {
    Err(ChangeRefused::Change(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_results::job::JobSpec;

    const S: u64 = 1_000_000_000;

    fn load(rest: &str) -> Load {
        let text = format!(r#"{{"binary_sha256":"{}",{rest}}}"#, "a".repeat(64));
        JobSpec::parse(&text).unwrap().load()
    }

    #[test]
    fn a_pause_freezes_the_plan_and_a_resume_goes_on() {
        let (mut control, start) = (LoadControl::default(), load(r#""rate":"100","duration":"10s""#));
        let paused = control.change(&start, 4 * S, LoadChange::Pause).unwrap();
        assert!(control.is_paused());
        assert_eq!(paused.planned(), 1_000);
        assert!(paused.count_before(3_600 * S) <= 401);
        let resumed = control.change(&paused, 9 * S, LoadChange::Resume).unwrap();
        assert_eq!((resumed.duration_ns(), resumed.planned()), (15 * S, 1_000));
        assert_eq!(resumed.count_before(10 * S), 501 - 1);
    }

    #[test]
    fn users_pause_too() {
        let (mut control, start) = (LoadControl::default(), load(r#""users":2,"duration":"10s""#));
        let paused = control.change(&start, 4 * S, LoadChange::Pause).unwrap();
        assert!(paused.duration_ns() > 3_600 * S);
        let resumed = control.change(&paused, 9 * S, LoadChange::Resume).unwrap();
        assert_eq!(
            (resumed.duration_ns(), &*resumed.pauses),
            (15 * S, &[(4 * S, 9 * S)][..])
        );
    }

    #[test]
    fn changes_that_make_no_sense_are_refused() {
        let users = load(r#""users":2,"duration":"10s""#);
        let own = load(r#""workflows":[{"name":"a","rate":"1"},{"name":"b","rate":"2"}],"duration":"10s""#);
        let rate = LoadChange::Rate("5".parse().unwrap());
        let mut control = LoadControl::default();
        for (load, at_ns, change, expected) in [
            (&users, S, rate, "users have no rate"),
            (&users, S, LoadChange::Scale(110), "users have no rate"),
            (&own, S, rate, "different rates"),
            (&own, S, LoadChange::Resume, "not paused"),
            (&own, 10 * S, LoadChange::Pause, "has started all"),
        ] {
            let error = control.change(load, at_ns, change).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(
            control
                .change(&own, 5 * S, LoadChange::Scale(200))
                .unwrap()
                .planned(),
            5 + 10 + 10 + 20
        );
        control.change(&own, S, LoadChange::Pause).unwrap();
        for (change, expected) in [
            (LoadChange::Pause, "already paused"),
            (LoadChange::Scale(50), "resume it first"),
        ] {
            let error = control.change(&own, 2 * S, change).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
