//! The end of a load test whose agent is gone: what it still writes goes into the journal.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::read;

use super::family::Family;
use crate::journal::drain::Appender;

/// How long a load test may write after its agent is gone: one that is written with the SDK takes 500 ms at most.
const LIMIT: Duration = Duration::from_millis(700);

/// How long what was written may take to be read when all are dead. It is in memory.
const LAST_LIMIT: Duration = Duration::from_millis(300);

const PIECE_BYTES: usize = 64 << 10;

/// The read ends of the load test's pipes, which the agent reads.
#[derive(Debug)]
pub(super) struct OutputEnds {
    pub(super) stdout: OwnedFd,
    /// Held so that a load test does not fail for writing to it.
    pub(super) stderr: OwnedFd,
}

/// Reads stdout to its end, kills the load test when it has exited or its time is up, and completes the journal.
pub(super) fn drain(journal: Option<&Path>, family: &mut Family, pidfd: &OwnedFd, output: &OutputEnds) {
    let mut end = Instant::now() + LIMIT;
    // Without a journal, the load test may end in peace all the same.
    let mut appender = journal.and_then(|dir| Appender::open(dir).ok());
    let mut piece = vec![0; PIECE_BYTES];
    let (mut killed, mut reads_stderr, mut is_whole) = (false, true, false);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let [stdout, exited, stderr] = wait(pidfd, output, killed, reads_stderr, left);
        if stderr {
            reads_stderr = read(&output.stderr, &mut piece[..]).is_ok_and(|bytes| bytes > 0);
        }
        if stdout {
            match read(&output.stdout, &mut piece[..]) {
                Ok(0) => {
                    is_whole = true;
                    break;
                }
                Ok(bytes) => {
                    if let Some(appender) = &mut appender {
                        appender.append_output(&piece[..bytes]);
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        if exited || Instant::now() >= end {
            if killed {
                break;
            }
            family.kill();
            killed = true;
            end = Instant::now() + LAST_LIMIT;
        }
    }
    family.kill();
    // Without its end, nobody can tell what is missing.
    if let Some(appender) = appender.filter(|_| is_whole) {
        appender.ended();
    }
}

/// Waits for output, for the exit of the load test unless it was killed, and for messages.
fn wait(
    pidfd: &OwnedFd,
    output: &OutputEnds,
    killed: bool,
    reads_stderr: bool,
    limit: Duration,
) -> [bool; 3] {
    let watched = [
        Some(&output.stdout),
        (!killed).then_some(pidfd),
        reads_stderr.then_some(&output.stderr),
    ];
    let ends = watched
        .iter()
        .flatten()
        .map(|end| PollFd::new(*end, PollFlags::IN));
    let mut ends: Vec<_> = ends.collect();
    let limit = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(limit.subsec_nanos()),
    };
    // What is wrong shows when the output is read.
    let _ = poll(&mut ends, Some(&limit));
    let mut ready = ends.iter().map(|end| !end.revents().is_empty());
    watched.map(|end| end.is_some() && ready.next().unwrap_or(false))
}
