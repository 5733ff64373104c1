//! Agents that die when they had sent what is not in their spools: the next one repeats none of it, and leaves nothing out.

use std::fs;

use heavy_proto::v1::content::Content;
use proptest::prelude::*;

use super::any_death::{Step, World, step};
use super::delivered::delivered;
use super::{Collected, decode, directory};
use crate::spool::{Spool, SpoolStream};

const SPOOL: &str = "spool/job-1";

/// What arrives: of each sequence what was sent first, as the store has it.
#[derive(Default)]
struct Collector(Collected);

impl Collector {
    fn receive(&mut self, spool: &Spool) {
        for stream in SpoolStream::ALL {
            for sequence in spool.first(stream)..=spool.durable(stream) {
                let (content, crc32c) = spool.read(stream, sequence);
                let first = self.0.entry((stream as usize, sequence));
                first.or_insert((crc32c, content.to_vec()));
            }
        }
    }

    fn lacks_roll_ups(&self) -> bool {
        let mut roll_ups = self.0.iter().filter(|((stream, _), _)| *stream == 0);
        roll_ups.any(|(_, (_, content))| matches!(decode(content), Some(Content::Void(_))))
    }
}

fn run(world: &mut World<'_>, steps: &[Step], collector: &mut Collector) {
    for step in steps {
        world.step(step);
        collector.receive(&world.spool);
    }
}

#[test]
fn what_became_due_is_counted_once_if_the_roll_ups_that_told_of_it_are_damaged() {
    for (passes, second) in [(1000, 1), (1990, 2)] {
        let dir = directory();
        let (mut world, mut collector) = (World::new(dir.path(), false), Collector::default());
        // The first roll-ups are of the time before anything is due, the next ones of nothing but more time.
        let steps = [Step::Pass(1240), Step::Release(3000), Step::Pass(15), Step::Spool];
        run(&mut world, &steps, &mut collector);
        let segment = dir.path().join(SPOOL).join("stats/00000000000000000001.seg");
        let whole = fs::metadata(&segment).unwrap().len();
        run(&mut world, &[Step::Pass(passes), Step::Spool], &mut collector);
        assert_eq!(world.spool.durable(SpoolStream::Stats), 2);
        run(&mut world, &[Step::Pass(300)], &mut collector);
        let segment = fs::OpenOptions::new().write(true).open(segment).unwrap();
        segment.set_len(whole).unwrap();
        collector.receive(&world.dies());
        let delivered = delivered(&collector.0);
        let counted = delivered.sums["iterations 0"];
        assert!(counted > second * 990, "{counted}");
        assert_eq!(counted, delivered.closing.scheduled, "after {passes} ms");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn what_a_full_disk_did_not_take_is_neither_repeated_nor_mistaken(
        steps in prop::collection::vec((step(), any::<bool>()), 0..60),
        full in (any::<bool>(), any::<bool>()),
        freed in 0_usize..60,
        is_sent in any::<bool>(),
        users in any::<bool>(),
    ) {
        let dir = directory();
        let (mut world, mut collector) = (World::new(dir.path(), users), Collector::default());
        // No segment can be made in a directory that is not there.
        let full = [(full.0, "stats"), (full.1, "rows")].map(|(is_full, stream)| (is_full, dir.path().join(SPOOL).join(stream)));
        for (_, stream) in full.iter().filter(|(is_full, _)| *is_full) {
            fs::remove_dir(stream).unwrap();
        }
        for (place, (step, sends)) in steps.iter().enumerate() {
            if place == freed {
                full.iter().for_each(|(_, stream)| fs::create_dir_all(stream).unwrap());
            }
            world.step(step);
            if is_sent || *sends {
                collector.receive(&world.spool);
            }
        }
        collector.receive(&world.dies());
        let other = directory();
        let mut world = World::new(other.path(), users);
        steps.iter().for_each(|(step, _)| world.step(step));
        let expected = world.lives();
        if !collector.lacks_roll_ups() {
            let delivered = delivered(&collector.0);
            prop_assert_eq!(&delivered.sums, &expected.sums);
            let voided = (delivered.closing.voided_requests, delivered.closing.voided_iterations);
            prop_assert_eq!(voided, delivered.voided);
            prop_assert_eq!(delivered.requests.len() as u64 + voided.0, expected.requests.len() as u64);
            prop_assert_eq!(delivered.iterations.len() as u64 + voided.1, expected.iterations.len() as u64);
            prop_assert!(delivered.iterations.is_subset(&expected.iterations));
        } else {
            prop_assert!(!is_sent);
        }
    }
}
