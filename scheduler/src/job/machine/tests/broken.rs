//! Thresholds that stop the load.

use super::*;

#[test]
fn a_broken_threshold_cuts_the_load_off_on_all_agents_and_the_job_is_judged() {
    let broken = || JobEvent::Broken {
        reason: "threshold checks: rate>0.9 abort was broken".to_owned(),
    };
    let mut machine = preparing(&["a"]);
    assert_eq!(machine.on(1, broken()), []);
    let mut machine = running(&["a", "b"]);
    let actions = machine.on(4 * SECOND, broken());
    assert_eq!(recorded(&actions), [("abort", "threshold")]);
    assert_eq!(
        done(actions),
        [
            stop_agent("a", 0, 3 * SECOND),
            stop_agent("b", 0, 3 * SECOND),
            JobAction::Save
        ]
    );
    assert_eq!(
        (machine.state(), machine.end_ns()),
        (JobState::Draining, 3 * SECOND)
    );
    assert_eq!(machine.on(4 * SECOND, broken()), []);
    machine.on(5 * SECOND, update("a", AssignmentReport::Finished));
    machine.on(5 * SECOND, update("b", AssignmentReport::Finished));
    machine.on(6 * SECOND, JobEvent::Collected { complete: true });
    assert_eq!(machine.state(), JobState::Finished);
    assert!(
        machine.reason().starts_with("threshold checks"),
        "{}",
        machine.reason()
    );
}
