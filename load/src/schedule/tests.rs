//! Streams are divided exactly, random ones have their intensity.

use super::*;
use crate::load::shared_rate;
use crate::profile::Stage;
use crate::rate::Rate;
use crate::span::Span;
use crate::split::Split;
use proptest::prelude::*;

const SECOND_NS: u64 = 1_000_000_000;

fn random(profile: Profile, offset_ns: u64, seed: u64) -> WorkflowSchedule {
    WorkflowSchedule {
        profile,
        offset_ns,
        turns: None,
        arrivals: Arrivals::Poisson,
        seed,
    }
}

fn ramp() -> Profile {
    let stages: Vec<Stage> = ["2s:300", "1s:50"].map(|stage| stage.parse().unwrap()).to_vec();
    Profile::stages(Rate::ZERO, &stages)
}

fn all(mut dealt: MemberSchedule) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    while let Some(next) = dealt.peek() {
        all.push(next);
        dealt.advance();
    }
    all
}

fn deal(schedule: &WorkflowSchedule, weights: &[u32], member: u32) -> MemberSchedule {
    let share = Split::new(0, weights).unwrap().share(member);
    MemberSchedule::new(schedule.clone(), share, 0, [0, 0, u64::from(member)])
}

#[test]
fn random_members_together_have_the_intensity_of_the_profile() {
    let rate = Rate::per_second(5_000).unwrap();
    let profile = Profile::constant(rate, Span::from_s(10));
    let schedule = random(profile, 0, 42);
    let mut due: Vec<u64> = (0..3)
        .flat_map(|member| all(deal(&schedule, &[1, 2, 2], member)))
        .map(|(_, due_ns)| due_ns)
        .collect();
    due.sort_unstable();
    // The standard deviation of 50,000 is 224.
    assert!(due.len().abs_diff(50_000) < 900, "{}", due.len());
    let second = due
        .iter()
        .filter(|due| (4 * SECOND_NS..5 * SECOND_NS).contains(*due))
        .count();
    assert!(second.abs_diff(5_000) < 300, "{second}");
}

#[test]
fn random_arrivals_follow_a_ramp() {
    let schedule = random(ramp(), SECOND_NS, 1);
    let first = (0..400).map(|seed| {
        let schedule = WorkflowSchedule {
            seed,
            ..schedule.clone()
        };
        all(deal(&schedule, &[1], 0))
            .iter()
            .filter(|(_, due)| *due < 2 * SECOND_NS)
            .count()
    });
    // 75 each on the average, over 400 of them 30,000 with a standard deviation of 173.
    let sum: usize = first.sum();
    assert!(sum.abs_diff(30_000) < 900, "{sum}");
}

proptest! {
    #[test]
    fn workflows_and_members_divide_the_plan(
        workflows in prop::collection::vec(1u32..5, 1..4), members in prop::collection::vec(1u32..4, 1..4),
        offset_ms in 0u64..500, pass_ms in 0u64..3_500,
    ) {
        let offset = Span::from_ns(offset_ms * 1_000_000);
        let schedules = shared_rate(&ramp(), offset, Arrivals::Uniform, 0, &workflows).unwrap();
        let mut due = Vec::new();
        for schedule in &schedules {
            let mut numbers = Vec::new();
            for member in 0..members.len() as u32 {
                let dealt = deal(schedule, &members, member);
                let own = all(dealt.clone());
                let mut rest = dealt.clone();
                let passed = rest.pass(pass_ms * 1_000_000);
                let before = own.iter().filter(|(_, due)| *due < pass_ms * 1_000_000).count();
                prop_assert_eq!(passed, before as u64);
                prop_assert_eq!(&all(rest)[..], &own[before..]);
                for (n, due_ns) in own {
                    numbers.push(n);
                    due.push(due_ns - offset.ns());
                }
            }
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..schedule.planned()).collect::<Vec<_>>());
        }
        due.sort_unstable();
        let profile = ramp();
        let planned: Vec<u64> = (0..profile.count_before(profile.duration_ns())).map(|n| profile.due_ns(n)).collect();
        prop_assert_eq!(due, planned);
    }
}
