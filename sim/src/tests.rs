//! Runs seeds: many without a fault of heavy, and some with a planted one that must be found.
//!
//! `HEAVY_SIM_SEED=n` runs one seed and tells its steps; `HEAVY_SIM_SEEDS=n` runs so many, and `HEAVY_SIM_FIRST=n` begins there.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use crate::collector::Planted;
use crate::world::{Violation, World};

const SEEDS: u64 = 10_000;
const STEPS: u64 = 1000;
const LEAST_FAULTS: u64 = 3;
const THREADS: u64 = 2;
const HOSTS: usize = 2;

const PANICS: &str = "it panics";

/// How many of the last steps are told.
const TOLD: usize = 60;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A panic is a violation, too.
fn run(seed: u64, planted: Planted) -> (World, Result<(), Violation>) {
    let mut world = World::new(seed, planted, HOSTS);
    let outcome = run_world(&mut world);
    (world, outcome)
}

fn run_world(world: &mut World) -> Result<(), Violation> {
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| world.run(STEPS)));
    outcome.unwrap_or_else(|_| {
        Err(Violation {
            step: world.steps,
            what: PANICS.to_owned(),
        })
    })
}

/// Runs a seed again and tells its last steps.
fn tell(seed: u64, planted: Planted, violation: &Violation) -> String {
    let mut world = World::new(seed, planted, HOSTS);
    world.log = Some(Vec::new());
    let again = run_world(&mut world);
    let log = world.log.unwrap_or_default();
    let last = log[log.len().saturating_sub(TOLD)..].join("\n");
    let is_same = if again.as_ref() == Err(violation) {
        ""
    } else {
        "\nit ends otherwise when it is run again: something does not follow from the seed"
    };
    format!(
        "{last}\nseed {seed}, step {}: {}{is_same}\nrun it again: HEAVY_SIM_SEED={seed} cargo test -p heavy-sim one_seed -- --nocapture",
        violation.step, violation.what
    )
}

#[test]
fn many_seeds() {
    let seeds = number("HEAVY_SIM_SEEDS").unwrap_or(SEEDS);
    let first = number("HEAVY_SIM_FIRST").unwrap_or(1);
    let (began, steps, faults) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
    let run_some = |from: u64| {
        for seed in (first + from..first + seeds).step_by(THREADS as usize) {
            let (world, outcome) = run(seed, Planted::Nothing);
            if let Err(violation) = outcome {
                panic!("{}", tell(seed, Planted::Nothing, &violation));
            }
            assert!(
                world.steps >= STEPS && world.faults >= LEAST_FAULTS,
                "seed {seed}"
            );
            steps.fetch_add(world.steps, Ordering::Relaxed);
            faults.fetch_add(world.faults, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        (0..THREADS).for_each(|from| drop(scope.spawn(move || run_some(from))));
    });
    let (steps, faults) = (steps.into_inner(), faults.into_inner());
    let seconds = began.elapsed().as_secs_f64();
    println!("{seeds} seeds, {steps} steps, {faults} faults in {seconds:.0} s");
}

#[test]
fn one_seed() {
    let seed = number("HEAVY_SIM_SEED");
    let mut world = World::new(seed.unwrap_or(1), Planted::Nothing, HOSTS);
    world.log = Some(Vec::new());
    let outcome = run_world(&mut world);
    if seed.is_some() {
        println!("{}", world.log.unwrap_or_default().join("\n"));
    }
    assert_eq!(outcome, Ok(()));
}

#[test]
fn a_seed_is_a_run() {
    for seed in 1..20 {
        let ((first, _), (second, _)) = (run(seed, Planted::Nothing), run(seed, Planted::Nothing));
        assert_eq!(
            (first.digest, first.steps, first.now_ns),
            (second.digest, second.steps, second.now_ns),
            "seed {seed}"
        );
    }
}

/// The first seed that finds a planted bug, and how.
fn found(planted: Planted) -> Option<(u64, Violation)> {
    (1..=SEEDS).find_map(|seed| {
        let (_, outcome) = run(seed, planted);
        outcome.err().map(|violation| (seed, violation))
    })
}

#[test]
fn planted_bugs_are_found() {
    let mut missed = Vec::new();
    for (planted, seed) in [
        (Planted::AcknowledgesBeforeCommit, 1),
        (Planted::RecognisesByTime, 2),
        (Planted::SavesOffsetFirst, 3),
        (Planted::ReleasesAfterLease, 21),
    ] {
        let (_, outcome) = run(seed, Planted::Nothing);
        assert_eq!(outcome, Ok(()), "seed {seed} without a planted bug");
        let (_, outcome) = run(seed, planted);
        println!("seed {seed} finds {planted:?}: {outcome:?}");
        match outcome {
            Err(violation) => assert_ne!(violation.what, PANICS),
            Ok(()) => missed.push((seed, planted, found(planted))),
        }
    }
    assert!(
        missed.is_empty(),
        "missed, with the first seeds that find them: {missed:?}"
    );
}
