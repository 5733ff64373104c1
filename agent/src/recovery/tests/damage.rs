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
    /// Whether it says that results are missing.
    complains: bool,
}

impl Left {
    /// An agent that died at a system call, given as for strace, when its load test had reported `reported` iterations.
    fn at(call: &str, reported: u64) -> Self {
        let dir = directory();
        let life = run(dir.path(), &["-e", &format!("inject={call}:signal=SIGKILL")]);
        assert_eq!(life.reported, reported);
        Self { dir, life }
    }

    /// Starts the next agent on a copy, of which `damage` has changed a file.
    fn after(&self, file: &str, damage: impl Fn(&File)) -> Outcome {
        let copy = directory();
        copy_all(self.dir.path(), copy.path());
        let path: PathBuf = copy.path().join(file);
        damage(&OpenOptions::new().read(true).write(true).open(path).unwrap());
        self.recovered(&copy)
    }

    /// Starts the next agent on a copy.
    fn recovered(&self, copy: &tempfile::TempDir) -> Outcome {
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
            complains: complains(&collected),
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

/// Whether roll-ups say that results are missing.
fn complains(collected: &Collected) -> bool {
    let deltas = collected
        .values()
        .filter_map(|(_, content)| match decode(content) {
            Some(Content::Stats(_)) => stats::decode(content).ok(),
            _ => None,
        });
    deltas.into_iter().any(|statistics| match statistics {
        Statistics::Delta(delta) => delta.events.iter().any(|event| event.kind == "results-missing"),
        Statistics::Closing(_) => false,
    })
}

fn size(dir: &Path, file: &str) -> u64 {
    fs::metadata(dir.join(file)).unwrap().len()
}

#[test]
fn the_next_agent_starts_whatever_byte_is_flipped_or_cut() {
    let left = Left::at("tee:when=6", 5 * RELEASED);
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

#[test]
fn a_power_failure_is_noticed_and_doubles_nothing() {
    // What the agent wrote last is not durable: rows and roll-ups of the third turn, and whatever is in the journal.
    let left = Left::at("fdatasync:when=5", ALL);
    let all: BTreeSet<u64> = (0..ALL).collect();
    let durable = |file: &str| {
        let stream = usize::from(file == ROWS);
        let last = left.life.collected.keys().filter(|(of, _)| *of == stream);
        let last = last.map(|(_, sequence)| *sequence).max().unwrap();
        let bytes = fs::read(left.dir.path().join(file)).unwrap();
        let scan = crate::spool::record::scan(&bytes, 1).unwrap();
        let found = scan.records.iter().find(|found| found.sequence == last);
        found.unwrap().end() as u64
    };
    let (rows, statistics) = (durable(ROWS), durable(STATS));
    let whole = [ROWS, STATS, JOURNAL].map(|file| size(left.dir.path(), file));
    for journal in [0, 1, 100, whole[2] / 2, whole[2] - 1, whole[2]] {
        for (rows, statistics) in [
            (rows, statistics),
            (rows + 9, statistics + 9),
            (whole[0], statistics),
            (rows, whole[1]),
            (whole[0], whole[1]),
        ] {
            let copy = directory();
            copy_all(left.dir.path(), copy.path());
            // Its supervisor died too.
            fs::remove_file(copy.path().join("journal/job-1/00000000000000000002.journal")).unwrap();
            for (file, size) in [(ROWS, rows), (STATS, statistics), (JOURNAL, journal)] {
                let file = OpenOptions::new()
                    .write(true)
                    .open(copy.path().join(file))
                    .unwrap();
                file.set_len(size).unwrap();
            }
            let outcome = left.recovered(&copy);
            let what = format!("{journal} {rows} {statistics}: {outcome:?}");
            assert!(outcome.rows.is_subset(&all) && outcome.rows.len() >= 20, "{what}");
            assert!(!outcome.closed && outcome.complains, "{what}");
        }
    }
}

#[test]
fn a_next_agent_that_dies_too_closes_no_account_that_lacks_results() {
    let left = Left::at("tee:when=7", ALL);
    let copy = directory();
    copy_all(left.dir.path(), copy.path());
    let journal = OpenOptions::new()
        .write(true)
        .open(copy.path().join(JOURNAL))
        .unwrap();
    // In the output that is in no spool and that more output follows.
    let place = size(copy.path(), JOURNAL) - 300;
    journal.write_all_at(&[0xff; 8], place).unwrap();
    let kept = directory();
    copy_all(&copy.path().join("journal"), &kept.path().join("journal"));
    let first = left.recovered(&copy);
    assert!(!first.closed && first.complains, "{first:?}");
    // It had not come to removing the journal.
    copy_all(&kept.path().join("journal"), &copy.path().join("journal"));
    let second = left.recovered(&copy);
    assert_eq!(first, second);
}

#[test]
fn the_journal_of_a_spool_that_cannot_be_read_waits_for_an_agent_that_can() {
    let left = Left::at("tee:when=6", 5 * RELEASED);
    let copy = directory();
    copy_all(left.dir.path(), copy.path());
    let (rows, whole) = (
        copy.path().join(ROWS),
        fs::read(left.dir.path().join(ROWS)).unwrap(),
    );
    let mut unknown = b"hvspool\x63hvspool\x63".to_vec();
    unknown.extend(&whole[unknown.len()..]);
    fs::write(&rows, unknown).unwrap();
    fs::create_dir(copy.path().join("journal/of-no-spool-1")).unwrap();
    let spools = left_over(&paths(copy.path()), &DiskQuota::new(u64::MAX));
    assert!(spools.is_empty());
    assert!(!copy.path().join("journal/of-no-spool-1").exists());
    fs::write(&rows, whole).unwrap();
    let outcome = left.recovered(&copy);
    assert!(
        outcome.closed && outcome.rows.len() as u64 == left.life.reported,
        "{outcome:?}"
    );
}
