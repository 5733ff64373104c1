//! Spools and journals that are cut or damaged at any byte: an agent starts, delivers what is intact, and counts the rest.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use heavy_proto::v1::content::Content;

use super::*;

const JOURNAL: &str = "journal/job-1/00000000000000000001.journal";
const ROWS: &str = "spool/job-1/rows/00000000000000000001.seg";
const STATS: &str = "spool/job-1/stats/00000000000000000001.seg";

/// An agent that died when it had spooled some results and journaled more.
struct Left {
    dir: tempfile::TempDir,
    life: Life,
}

/// What the next agent makes of damage.
#[derive(Debug, PartialEq)]
struct Outcome {
    rows: BTreeSet<u64>,
    /// Requests whose rows are replaced by voids.
    voided: u64,
    closed: bool,
}

impl Left {
    fn new() -> Self {
        let dir = directory();
        let life = run(dir.path(), &["-e", "inject=tee:signal=SIGKILL:when=6"]);
        assert_eq!(life.reported, 5 * RELEASED);
        Self { dir, life }
    }

    /// Starts the next agent on a copy, of which `damage` has changed a file.
    fn after(&self, file: &str, damage: impl Fn(&File)) -> Outcome {
        let copy = directory();
        copy_all(self.dir.path(), copy.path());
        let path: PathBuf = copy.path().join(file);
        damage(&OpenOptions::new().read(true).write(true).open(path).unwrap());
        let spools = left_over(&paths(copy.path()), &DiskQuota::new(u64::MAX));
        let mut collected = Collected::new();
        for stream in SpoolStream::ALL {
            for sequence in spools[0].first(stream)..=spools[0].durable(stream) {
                let (content, crc32c) = spools[0].read(stream, sequence);
                collected.insert((stream as usize, sequence), (crc32c, content.to_vec()));
            }
        }
        // What was sent keeps its sequence: nothing else takes it.
        for (key, (_, sent)) in &self.life.collected {
            let (_, now) = &collected[key];
            assert!(
                now == sent || matches!(decode(now), Some(Content::Void(_))),
                "{key:?}"
            );
        }
        let voids = collected
            .values()
            .filter_map(|(_, content)| match decode(content) {
                Some(Content::Void(void)) => Some(void.requests),
                _ => None,
            });
        Outcome {
            voided: voids.sum(),
            closed: closing_of_sound(&collected),
            rows: numbers_of(&collected).0,
        }
    }
}

/// Whether there is a closing among roll-ups that may be voids.
fn closing_of_sound(collected: &Collected) -> bool {
    let decoded = collected.values().map(|(_, content)| decode(content));
    decoded
        .into_iter()
        .any(|content| matches!(content, Some(Content::Closing(_))))
}

fn size(dir: &Path, file: &str) -> u64 {
    fs::metadata(dir.join(file)).unwrap().len()
}

#[test]
fn the_next_agent_starts_whatever_byte_is_flipped_or_cut() {
    let left = Left::new();
    let all: BTreeSet<u64> = (0..left.life.reported).collect();
    for file in [ROWS, STATS, JOURNAL] {
        for place in (0..size(left.dir.path(), file)).step_by(23) {
            let flip = |file: &File| {
                let mut byte = [0];
                file.read_exact_at(&mut byte, place).unwrap();
                byte[0] ^= 1 << (place % 8);
                file.write_all_at(&byte, place).unwrap();
            };
            let flipped = left.after(file, flip);
            let cut = left.after(file, |file| file.set_len(place).unwrap());
            for (what, outcome) in [("flipped", flipped), ("cut", cut)] {
                let what = format!("{file} {what} at {place}: {outcome:?}");
                assert!(outcome.rows.is_subset(&all), "{what}");
                let there = outcome.rows.len() as u64 + outcome.voided;
                match file {
                    // Rows are there, or counted.
                    ROWS => assert!(there == all.len() as u64 && outcome.closed, "{what}"),
                    // Roll-ups take no rows with them.
                    STATS => assert!(there == all.len() as u64, "{what}"),
                    // A journal that lacks something closes nothing.
                    _ => assert!(there == all.len() as u64 || !outcome.closed, "{what}"),
                }
            }
        }
    }
}
