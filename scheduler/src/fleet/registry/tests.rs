//! Which agents may register, and the jobs of agents that are gone.

use super::*;

const LEASE: u64 = 10;
const JOB: Uuid = Uuid::from_u128(7);

fn agent(name: &str, instance: &str, jobs: &[Uuid]) -> Introduction {
    Introduction {
        name: name.to_owned(),
        instance: instance.to_owned(),
        jobs: jobs.iter().map(|job| (*job, 0)).collect(),
        ..Introduction::default()
    }
}

fn one() -> Registry {
    let mut registry = Registry::new(LEASE);
    registry.register(0, 0, 1, agent("a", "x", &[])).unwrap();
    registry
}

fn names(registry: &Registry) -> Vec<(String, bool)> {
    let connected = registry.connected();
    connected
        .map(|candidate| (candidate.name, candidate.free))
        .collect()
}

#[test]
fn a_second_live_agent_of_the_same_name_is_refused() {
    let mut registry = one();
    let taken = Err(Refused::NameTaken("a".to_owned()));
    assert_eq!(registry.register(9, 0, 2, agent("a", "y", &[])), taken);
    assert!(registry.register(10, 0, 2, agent("a", "y", &[])).is_ok());
    assert!(
        !registry.heartbeat(11, "a", 1, None),
        "the first stream was replaced"
    );
    assert!(registry.heartbeat(11, "a", 2, None));
}

#[test]
fn names_that_are_none_are_refused() {
    let mut registry = one();
    for name in ["", "\u{1b}[2J", &"n".repeat(LONGEST_NAME + 1)] {
        assert_eq!(
            registry.register(0, 0, 2, agent(name, "y", &[])),
            Err(Refused::Name),
            "{name:?}"
        );
    }
}

#[test]
fn an_agent_without_a_job_is_forgotten_with_its_stream() {
    let mut registry = one();
    registry.disconnected("a", 2);
    assert_eq!(
        names(&registry),
        [("a".to_owned(), true)],
        "another stream's end says nothing"
    );
    registry.disconnected("a", 1);
    assert_eq!(names(&registry), []);
    assert!(registry.register(0, 0, 3, agent("a", "y", &[])).is_ok());
}

#[test]
fn an_agent_with_a_job_may_come_back_within_its_lease() {
    let mut registry = one();
    assert!(registry.take("a", JOB));
    assert!(!registry.take("a", JOB), "one job at a time");
    registry.disconnected("a", 1);
    assert_eq!(registry.expire(9), []);
    let welcome = registry.register(9, 0, 2, agent("a", "x", &[JOB])).unwrap();
    assert_eq!(welcome.back, Some((JOB, true)));
    assert_eq!(names(&registry), [("a".to_owned(), false)]);
    registry.release("a", JOB);
    assert_eq!(names(&registry), [("a".to_owned(), true)]);
}

#[test]
fn a_new_process_loses_what_the_gone_one_had() {
    let mut registry = one();
    assert!(registry.take("a", JOB));
    registry.disconnected("a", 1);
    let welcome = registry.register(1, 0, 2, agent("a", "y", &[])).unwrap();
    assert_eq!((welcome.lost, welcome.back), (Some(JOB), None));
    assert_eq!(names(&registry), [("a".to_owned(), true)]);
}

#[test]
fn an_earlier_assignment_that_ends_frees_nobody() {
    let mut registry = one();
    assert!(registry.take("a", JOB));
    registry.ended("a", JOB, 1);
    assert_eq!(names(&registry), [("a".to_owned(), false)], "it has none yet");
    registry.assigned("a", JOB, 2);
    registry.ended("a", JOB, 1);
    assert_eq!(names(&registry), [("a".to_owned(), false)]);
    registry.disconnected("a", 1);
    registry.register(1, 0, 2, agent("a", "x", &[JOB])).unwrap();
    registry.ended("a", JOB, 2);
    assert_eq!(names(&registry), [("a".to_owned(), true)]);
}

#[test]
fn jobs_of_an_earlier_scheduler_are_foreign() {
    let mut registry = Registry::new(LEASE);
    let welcome = registry.register(0, 0, 1, agent("a", "x", &[JOB])).unwrap();
    assert_eq!(welcome.foreign, [JOB]);
}

#[test]
fn a_lease_that_is_over_loses_the_job() {
    let mut registry = one();
    assert!(registry.take("a", JOB));
    assert!(registry.heartbeat(5, "a", 1, Some((-3, 2))));
    assert_eq!(registry.infos(6)[0].clock_offset_ns, Some(-3));
    assert_eq!(registry.expire(14), []);
    assert_eq!(registry.expire(15), [("a".to_owned(), Some(JOB))]);
    assert!(!registry.heartbeat(16, "a", 1, None));
}

#[test]
fn an_agent_that_holds_only_its_lost_assignment_has_not_got_the_next_one() {
    for (held, holds) in [
        (&[][..], false),
        (&[1], false),
        (&[2], true),
        (&[1, 2], true),
        (&[0], true),
    ] {
        let mut registry = one();
        assert!(registry.take("a", JOB));
        registry.assigned("a", JOB, 2);
        registry.disconnected("a", 1);
        let introduction = Introduction {
            jobs: held.iter().map(|epoch| (JOB, *epoch)).collect(),
            ..agent("a", "x", &[])
        };
        let welcome = registry.register(1, 0, 2, introduction).unwrap();
        assert_eq!(
            (welcome.back, welcome.foreign),
            (Some((JOB, holds)), vec![]),
            "{held:?}"
        );
    }
}
