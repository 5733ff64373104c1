//! Writes a journal: one write(2) for each record, no fsync, and no error that anybody has to wait for.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::cipher::{FramePlace, JournalCipher};
use super::frame::{self, FrameHead, FrameKind, JournalPosition, START_BYTES};
use super::segments;
use crate::disk::{self, File, fs};
use crate::disk_quota::DiskQuota;

/// How long a journal that could not be written is left alone.
const PAUSE_NS: u64 = 1_000_000_000;

#[derive(Debug)]
struct OpenSegment {
    file: File,
    bytes: u64,
}

/// A segment that was not removed.
#[derive(Debug)]
struct KeptSegment {
    number: u64,
    bytes: u64,
    /// Where the journal was when the segment ended, or was last written.
    end: JournalPosition,
}

/// Why the journal is not written just now, and what it lacks.
#[derive(Debug)]
struct Pause {
    until_ns: u64,
    bytes: u64,
    records: u64,
}

#[derive(Debug)]
pub(super) struct JournalWriter {
    dir: PathBuf,
    cipher: JournalCipher,
    quota: DiskQuota,
    position: JournalPosition,
    next_number: u64,
    open: Option<OpenSegment>,
    kept: VecDeque<KeptSegment>,
    pause: Option<Pause>,
    buffer: Vec<u8>,
}

impl JournalWriter {
    /// Goes on writing at a position, in segments from `next_number` on.
    pub(super) fn new(
        dir: &Path,
        cipher: JournalCipher,
        quota: DiskQuota,
        position: JournalPosition,
        next_number: u64,
    ) -> Self {
        Self {
            dir: dir.to_owned(),
            cipher,
            quota,
            position,
            next_number,
            open: None,
            kept: VecDeque::new(),
            pause: None,
            buffer: Vec::new(),
        }
    }

    pub(super) const fn position(&self) -> JournalPosition {
        self.position
    }

    /// Leaves out `output`, of which nobody knows how much there was.
    pub(super) fn leave_out(&mut self, output: u64, at_ns: u64) {
        self.position.output += output;
        self.pause = Some(Pause {
            until_ns: at_ns,
            bytes: output,
            records: 1,
        });
    }

    /// Appends a record. One that cannot be written is counted, and shows as a gap.
    pub(super) fn append(&mut self, kind: FrameKind, content: &[u8], at_ns: u64) {
        let before = self.position;
        let position = match kind {
            FrameKind::Output => {
                self.position.output += content.len() as u64;
                before.output
            }
            FrameKind::Order => {
                self.position.orders += 1;
                before.orders
            }
            FrameKind::Ended => before.orders,
            FrameKind::Gap | FrameKind::Published => 0,
        };
        let head = FrameHead {
            kind,
            position,
            at_ns,
        };
        if self.pause.as_ref().is_none_or(|pause| at_ns >= pause.until_ns) {
            match self.write(before, head, content) {
                Ok(()) => return self.taken_up_again(),
                Err(problem) => self.give_up(&problem, at_ns),
            }
        }
        if let Some(pause) = &mut self.pause {
            pause.records += 1;
            if kind == FrameKind::Output {
                pause.bytes += content.len() as u64;
            }
        }
    }

    /// Takes out the segments that hold nothing but what is covered; the caller removes them with [`Self::remove`].
    pub(super) fn take_covered(&mut self, covered: JournalPosition) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        // The last one is being written.
        while self.kept.len() > 1
            && let Some(first) = self.kept.pop_front_if(|first| {
                first.end.output <= covered.output && first.end.orders <= covered.orders
            })
        {
            self.quota.give_back(first.bytes);
            paths.push(segments::path(&self.dir, first.number));
        }
        paths
    }

    /// Removes the whole journal; nothing is written any more.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        self.open = None;
        self.pause = Some(Pause {
            until_ns: u64::MAX,
            bytes: 0,
            records: 0,
        });
        for kept in self.kept.drain(..) {
            self.quota.give_back(kept.bytes);
        }
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn write(&mut self, before: JournalPosition, head: FrameHead, content: &[u8]) -> io::Result<()> {
        if self.quota.is_used_up() {
            return Err(io::Error::other("the agent's disk quota is used up"));
        }
        self.buffer.clear();
        if self
            .open
            .as_ref()
            .is_none_or(|open| open.bytes >= disk::segment_bytes())
        {
            self.begin(before)?;
        }
        let open = self.open.as_mut().expect("a segment was just begun");
        let segment = self.next_number - 1;
        let place = |buffer: &Vec<u8>| FramePlace {
            segment,
            offset: u32::try_from(open.bytes + buffer.len() as u64).unwrap_or(u32::MAX),
        };
        if let Some(pause) = &self.pause {
            let gap = FrameHead {
                kind: FrameKind::Gap,
                position: pause.bytes,
                ..head
            };
            frame::push(&self.cipher, place(&self.buffer), gap, &[], &mut self.buffer)?;
        }
        frame::push(&self.cipher, place(&self.buffer), head, content, &mut self.buffer)?;
        open.file.write_all(&self.buffer)?;
        open.bytes += self.buffer.len() as u64;
        self.quota.take(self.buffer.len() as u64);
        if let Some(kept) = self.kept.back_mut() {
            kept.bytes = open.bytes;
            kept.end = self.position;
        }
        Ok(())
    }

    fn begin(&mut self, position: JournalPosition) -> io::Result<()> {
        // Used up even if the file cannot be made: what was written with a number is never written with it again.
        self.next_number += 1;
        let number = self.next_number - 1;
        // If that fails, the one before is the one behind whose end output is missing.
        let file = segments::create(&self.dir, number)?;
        self.open = Some(OpenSegment { file, bytes: 0 });
        self.buffer.extend_from_slice(&frame::start(position));
        debug_assert_eq!(self.buffer.len(), START_BYTES);
        self.kept.push_back(KeptSegment {
            number,
            bytes: 0,
            end: position,
        });
        Ok(())
    }

    fn give_up(&mut self, problem: &io::Error, at_ns: u64) {
        if let Some(open) = self.open.take() {
            // Half a record may be at its end. Both may fail on a broken disk; a reader finds the damage then.
            let _ = open.file.set_len(open.bytes);
            let _ = segments::mark_incomplete(&open.file);
        }
        let until_ns = at_ns.saturating_add(PAUSE_NS);
        match &mut self.pause {
            Some(pause) => pause.until_ns = until_ns,
            None => {
                tracing::error!(
                    %problem,
                    "cannot write the journal: what the load test writes now is lost if this agent dies before it is spooled"
                );
                self.pause = Some(Pause {
                    until_ns,
                    bytes: 0,
                    records: 0,
                });
            }
        }
    }

    fn taken_up_again(&mut self) {
        if let Some(pause) = self.pause.take() {
            let (bytes, records) = (pause.bytes, pause.records);
            tracing::warn!(
                bytes,
                records,
                "the journal is written again, and lacks some output"
            );
        }
    }
}
