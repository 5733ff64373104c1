//! Agents that die at any system call, and what is delivered all the same.

mod any_death;
mod damage;
mod delivered;
mod life;
mod unspooled;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heavy_proto::stats::{self, Statistics};
use heavy_proto::v1::{self, content::Content};
use heavy_results::stats::Closing;
use prost::Message;

use super::*;
use crate::journal::drain::Appender;
use life::{HELLO, RELEASED, SAYS, STEPS, lines_of, live, paths};

const ALL: u64 = STEPS * RELEASED;

/// Which part a process that this test starts of itself plays, and in which directory.
const LIVES: &str = "HEAVY_TEST_AGENT_LIVES";
const RECOVERS: &str = "HEAVY_TEST_AGENT_RECOVERS";

/// What a collector has: of each stream and sequence the checksum and the batch.
type Collected = BTreeMap<(usize, u64), (u32, Vec<u8>)>;

/// How an agent lived: what the load test reported, and what was sent.
#[derive(Debug, Default)]
struct Life {
    released: u64,
    reported: u64,
    collected: Collected,
}

/// The part of a started process; also a life without trouble.
#[test]
fn an_agent_that_lives_delivers_everything() {
    if let Some(dir) = std::env::var_os(RECOVERS) {
        left_over(&paths(Path::new(&dir)), &DiskQuota::new(u64::MAX));
        return;
    }
    if let Some(dir) = std::env::var_os(LIVES) {
        let output = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
        return live(&paths(Path::new(&dir)), File::from(output));
    }
    let dir = directory();
    let life = run(dir.path(), &[]);
    assert_eq!((life.released, life.reported), (ALL, ALL));
    assert!(
        !dir.path().join("journal/job-1").exists(),
        "the closing is durable"
    );
    let closing = check(&life.collected, ALL).unwrap();
    assert_eq!((closing.scheduled, closing.ok, closing.lost), (ALL, ALL, 0));
}

#[test]
fn nothing_is_missing_or_doubled_at_whichever_call_the_agent_dies() {
    let mut points = 0;
    for call in ["write", "fsync", "fdatasync", "rename", "tee", "splice", "openat"] {
        for n in 1.. {
            let dir = directory();
            let inject = format!("inject={call}:signal=SIGKILL:when={n}");
            let life = run(dir.path(), &["-e", &inject]);
            let lived = life.reported == ALL && check(&life.collected, ALL).is_some();
            recover_and_check(dir.path(), life, &format!("{call} {n}"));
            points += 1;
            if lived {
                assert!(n > 1, "{call} is never called");
                break;
            }
        }
    }
    assert!(points > 120, "{points}");
}

#[test]
fn nothing_is_missing_or_doubled_at_whichever_call_the_next_agent_dies() {
    let dir = directory();
    let life = run(dir.path(), &["-e", "inject=tee:signal=SIGKILL:when=6"]);
    assert!(life.reported < ALL && life.reported > 2 * RELEASED);
    let expected = life.reported;
    let mut points = 0;
    for call in ["write", "fdatasync", "ftruncate", "unlinkat", "openat"] {
        for n in 1.. {
            let copy = directory();
            copy_all(dir.path(), copy.path());
            let inject = format!("inject={call}:signal=SIGKILL:when={n}");
            let mut next = itself(&["-e", &inject]);
            let status = next
                .env(RECOVERS, copy.path())
                .stdout(Stdio::null())
                .status()
                .unwrap();
            let life = Life {
                released: life.released,
                reported: expected,
                collected: life.collected.clone(),
            };
            recover_and_check(copy.path(), life, &format!("{call} {n} of the next agent"));
            points += 1;
            if status.success() {
                break;
            }
        }
    }
    assert!(points > 20, "{points}");
}

#[test]
fn an_agent_lives_on_with_a_disk_that_is_full_or_broken() {
    let files = [
        "journal/job-1/00000000000000000001.journal",
        "spool/job-1/rows/00000000000000000001.seg",
        "spool/job-1/stats/00000000000000000001.seg",
    ];
    for (place, file) in files.iter().enumerate() {
        for call in ["write:error=ENOSPC", "write:error=EIO", "fdatasync:error=EIO"] {
            for when in ["1+", "2", "3..5", "7+"] {
                let dir = directory();
                let (inject, path) = (format!("inject={call}:when={when}"), dir.path().join(file));
                let life = run(dir.path(), &["-P", path.to_str().unwrap(), "-e", &inject]);
                let what = format!("{file} {call} {when}");
                assert_eq!(life.reported, ALL, "{what}");
                let closing = closing_of(&life.collected).expect(&what);
                assert_eq!((closing.scheduled, closing.ok), (ALL, ALL), "{what}");
                let stored = rows_of(&life.collected);
                // Rows that the disk does not take are counted.
                let voided = closing.voided_requests;
                assert_eq!(stored.len() as u64 + voided, ALL, "{what}");
                assert!(place == 1 || voided == 0, "{what}");
            }
        }
    }
}

fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for part in ["journal", "spool"] {
        fs::create_dir(dir.path().join(part)).unwrap();
    }
    dir
}

/// This test program as another process, traced.
fn itself(trace: &[&str]) -> Command {
    let test = std::env::current_exe().unwrap();
    let mut command = if trace.is_empty() {
        Command::new(test)
    } else {
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(trace)
            .arg(test);
        strace
    };
    command
        .arg("recovery::tests::an_agent_that_lives_delivers_everything")
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .stderr(Stdio::null());
    command
}

/// Runs an agent to its end, is its load test and its collector, and then its supervisor.
fn run(dir: &Path, trace: &[&str]) -> Life {
    let (rest, mut load_test) = std::io::pipe().unwrap();
    let stdout = rest.try_clone().unwrap();
    let mut agent = itself(trace)
        .env(LIVES, dir)
        .stdin(Stdio::from(OwnedFd::from(stdout)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    load_test.write_all(HELLO.as_bytes()).unwrap();
    let mut life = Life::default();
    for line in BufReader::new(agent.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.strip_prefix(SAYS).unwrap_or_default().split(' ').collect();
        match words[..] {
            ["releases", first] => {
                let first: u64 = first.parse().unwrap();
                life.released = first + RELEASED;
                // At once, and little enough for one read.
                let lines: String = (first..first + RELEASED).map(lines_of).collect();
                load_test.write_all(lines.as_bytes()).unwrap();
                life.reported = life.released;
            }
            ["sends", stream, sequence, crc32c, content] => {
                let key = (stream.parse().unwrap(), sequence.parse().unwrap());
                let batch = (crc32c.parse().unwrap(), hex::decode(content).unwrap());
                assert!(life.collected.insert(key, batch).is_none());
            }
            _ => {}
        }
    }
    agent.wait().unwrap();
    drop(load_test);
    supervise(dir, rest);
    life
}

/// What the process does that holds a load test whose agent is gone.
fn supervise(dir: &Path, mut rest: impl Read) {
    let mut left = Vec::new();
    rest.read_to_end(&mut left).unwrap();
    let journal = dir.join("journal/job-1");
    // An agent may die before it has a journal, or close its account.
    if let Ok(mut appender) = Appender::open(&journal) {
        for piece in left.chunks(100) {
            appender.append_output(piece);
        }
        appender.ended();
    }
}

/// Starts the next agent, and looks at all that was collected then.
fn recover_and_check(dir: &Path, mut life: Life, what: &str) {
    let spools = left_over(&paths(dir), &DiskQuota::new(u64::MAX));
    if spools.is_empty() {
        assert_eq!((life.released, life.collected.len()), (0, 0), "{what}");
        return;
    }
    assert_eq!(spools.len(), 1, "{what}");
    for stream in SpoolStream::ALL {
        for sequence in spools[0].first(stream)..=spools[0].durable(stream) {
            let (content, crc32c) = spools[0].read(stream, sequence);
            let key = (stream as usize, sequence);
            if let Some((sent, _)) = life.collected.get(&key) {
                assert_eq!(
                    *sent, crc32c,
                    "{what}: {stream:?} {sequence} is another batch than before"
                );
            }
            life.collected.insert(key, (crc32c, content.to_vec()));
        }
    }
    match check(&life.collected, life.reported) {
        Some(closing) => {
            assert_eq!(closing.ok, life.reported, "{what}");
            assert!(closing.lost <= life.released - life.reported + RELEASED, "{what}");
        }
        // The job had not started.
        None => assert_eq!(life.released, 0, "{what}: not closed"),
    }
}

/// Checks that the iterations up to `reported` are there once, and that all accounts agree; returns the closing.
fn check(collected: &Collected, reported: u64) -> Option<Closing> {
    let expected: BTreeSet<u64> = (0..reported).collect();
    let closing = closing_of(collected)?;
    assert_eq!(rows_of(collected), expected);
    assert_eq!(closing.voided_requests + closing.voided_iterations, 0);
    let (mut scheduled, mut ok, mut lost, mut requests) = (0, 0, 0, 0);
    for ((stream, _), (_, content)) in collected {
        if *stream == 0
            && let Statistics::Delta(delta) = stats::decode(content).unwrap()
        {
            requests += delta.requests.iter().map(|row| row.duration.count()).sum::<u64>();
            for row in &delta.iterations {
                scheduled += row.scheduled;
                ok += row.ok;
                lost += row.lost;
            }
        }
    }
    assert_eq!(
        (scheduled, ok, lost),
        (closing.scheduled, closing.ok, closing.lost)
    );
    assert_eq!((ok, requests), (reported, reported));
    assert_eq!(closing.malformed, 0);
    Some(closing)
}

fn decode(content: &[u8]) -> Option<Content> {
    v1::Content::decode(content).unwrap().content
}

fn closing_of(collected: &Collected) -> Option<Closing> {
    let batches = collected.iter().filter(|((stream, _), _)| *stream == 0);
    let mut closings = batches.filter_map(|(_, (_, content))| match stats::decode(content).unwrap() {
        Statistics::Closing(closing) => Some(*closing),
        Statistics::Delta(_) => None,
    });
    let closing = closings.next();
    assert!(closings.next().is_none(), "closed twice");
    closing
}

/// The iterations of all rows, each of which has one request.
fn rows_of(collected: &Collected) -> BTreeSet<u64> {
    let (iterations, requests) = numbers_of(collected);
    assert_eq!(iterations, requests);
    iterations
}

/// The numbers of the iterations of all rows, and those of their requests.
fn numbers_of(collected: &Collected) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut iterations, mut requests) = (BTreeSet::new(), BTreeSet::new());
    for (_, content) in collected.values() {
        if let Some(Content::Rows(rows)) = decode(content) {
            for n in rows.iterations.into_iter().flat_map(|rows| rows.iteration) {
                assert!(iterations.insert(n), "iteration {n} is there twice");
            }
            for n in rows.requests.into_iter().flat_map(|rows| rows.iteration) {
                assert!(requests.insert(n - 1), "request {n} is there twice");
            }
        }
    }
    (iterations, requests)
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copy): (PathBuf, PathBuf) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir_all(&copy).unwrap();
            copy_all(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}
