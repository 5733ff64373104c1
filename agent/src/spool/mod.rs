//! Results on disk until a collector has committed them.
//!
//! Each assignment has a directory with one [`log`] for each of its two streams. A thread of its own, the [`writer`],
//! writes what waits in the [`queue`], makes it durable, and then lets delivery see it; delivery reads it back and forgets
//! it when it is acknowledged. What an agent left behind is found again by the next one.

pub(crate) mod cover;
mod log;
pub(crate) mod queue;
pub(crate) mod record;
mod reserve;
pub(crate) mod start;
pub(crate) mod void;
pub(crate) mod writer;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use heavy_proto::v1;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::disk::{File, fs};
use crate::disk_quota::DiskQuota;
use crate::journal::note::PublishedNote;
use cover::{RecordCover, RowCounts};
use log::SegmentLog;
use log::backlog::BacklogCount;
use reserve::NoteReserve;
use start::AssignmentStart;

/// The most bytes of a job id, which names a directory.
const MAX_JOB_BYTES: usize = 64;

const PRODUCER_FILE: &str = "producer.json";

const START_FILE: &str = "start.json";

/// The extension of directories that were not made to their end.
const DRAFT: &str = "new";

/// The producer whose results a spool holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpoolProducer {
    pub(crate) job: String,
    pub(crate) agent: String,
    /// The assignment's attempt.
    pub(crate) epoch: u32,
}

/// The two streams, in the order in which they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SpoolStream {
    /// Roll-ups and the closing.
    Stats,
    Rows,
}

impl SpoolStream {
    /// Both streams, roll-ups first.
    pub(crate) const ALL: [Self; 2] = [Self::Stats, Self::Rows];

    pub(crate) const fn wire(self) -> v1::Stream {
        match self {
            Self::Stats => v1::Stream::Stats,
            Self::Rows => v1::Stream::Rows,
        }
    }

    const fn dir(self) -> &'static str {
        match self {
            Self::Stats => "stats",
            Self::Rows => "rows",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Spool {
    pub(crate) producer: SpoolProducer,
    dir: PathBuf,
    /// Locked while the disk writes.
    logs: [Mutex<SegmentLog>; 2],
    backlogs: [Arc<BacklogCount>; 2],
    /// Where what may be sent is noted that is not on disk; `None` in spools of earlier versions.
    reserve: Mutex<Option<NoteReserve>>,
    /// The highest sequence of each stream that may be sent.
    durable: [AtomicU64; 2],
    /// Whether nothing more will be written.
    ended: AtomicBool,
    changed: Notify,
}

impl SpoolProducer {
    /// The name of its directory, below that of spools and that of journals.
    pub(crate) fn dir_name(&self) -> io::Result<String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if self.job.len() > MAX_JOB_BYTES || !self.job.bytes().all(plain) {
            return Err(io::Error::other("invalid job id"));
        }
        Ok(format!("{}-{}", self.job, self.epoch))
    }
}

impl Spool {
    /// Makes the spool of a new assignment below `root`.
    pub(crate) fn create(
        root: &Path,
        producer: SpoolProducer,
        start: &AssignmentStart,
        quota: &DiskQuota,
    ) -> io::Result<Arc<Self>> {
        let dir = root.join(producer.dir_name()?);
        // Batches that survive a power failure are lost without what is above them: it is made before its name.
        let draft = dir.with_extension(DRAFT);
        fs::create_dir(&draft)?;
        write_durably(&draft.join(PRODUCER_FILE), &serde_json::to_vec(&producer)?)?;
        write_durably(&draft.join(START_FILE), &serde_json::to_vec(start)?)?;
        NoteReserve::make(&draft)?;
        let logs = SpoolStream::ALL.map(|stream| fs::create_dir(draft.join(stream.dir())));
        logs.into_iter().collect::<io::Result<()>>()?;
        File::open(&draft)?.sync_all()?;
        fs::rename(&draft, &dir)?;
        File::open(root)?.sync_all()?;
        Self::open(dir, producer, quota).map(Arc::new)
    }

    /// Finds the spools that earlier agents left below `root`. What cannot be read stays on disk, with an error in the log.
    /// Nothing of them is sent before [`Self::publish`] and [`Self::end`].
    pub(crate) fn left_over(root: &Path, quota: &DiskQuota) -> Vec<Arc<Self>> {
        let entries = fs::read_dir(root).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
        let mut spools = Vec::new();
        for dir in entries.into_iter().map(|entry| entry.path()) {
            match dir.extension().and_then(OsStr::to_str) {
                Some(REFUSED) => {}
                // Nothing was spooled there.
                Some(DRAFT) => drop(fs::remove_dir_all(&dir)),
                _ => match Self::find(dir.clone(), quota) {
                    Ok(spool) => spools.push(Arc::new(spool)),
                    Err(error) => tracing::error!(dir = %dir.display(), %error, "cannot read a spool"),
                },
            }
        }
        spools
    }

    /// How the assignment started; `None` for the spool of an earlier version.
    pub(crate) fn start(&self) -> io::Result<Option<AssignmentStart>> {
        match fs::read(self.dir.join(START_FILE)) {
            Ok(start) => Ok(Some(serde_json::from_slice(&start)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The highest sequence of a stream.
    pub(crate) fn last(&self, stream: SpoolStream) -> u64 {
        self.log(stream).last()
    }

    /// The newest covers of both streams.
    pub(crate) fn newest_covers(&self) -> [Option<RecordCover>; 2] {
        SpoolStream::ALL.map(|stream| self.log(stream).newest_cover().cloned())
    }

    /// What may have been sent that is not on disk, as far as there is a note of it.
    pub(crate) fn noted(&self) -> Option<PublishedNote> {
        self.reserve().as_ref().and_then(NoteReserve::newest)
    }

    /// Decides what the ends of both streams are, by what notes say of them, and roll-ups of the rows before them. Without
    /// a journal the newest note is not known.
    pub(crate) fn settle_tails(&self, noted: Option<PublishedNote>, has_journal: bool) -> io::Result<()> {
        let known = self.log(SpoolStream::Stats).newest_cover().cloned();
        let stats = noted.map(|note| (note.stats_sequence, RowCounts::default()));
        self.log(SpoolStream::Stats).settle_tail(stats, has_journal)?;
        let noted = noted.map(|note| (note.rows_sequence, note.rows()));
        let known = known.map(|cover| (cover.rows_sequence, cover.rows));
        let rows = noted
            .into_iter()
            .chain(known)
            .max_by_key(|(sequence, rows)| (*sequence, rows.requests, rows.iterations));
        self.log(SpoolStream::Rows).settle_tail(rows, has_journal)
    }

    /// The highest sequence of a stream that may be sent.
    pub(crate) fn durable(&self, stream: SpoolStream) -> u64 {
        self.durable[stream as usize].load(Ordering::Acquire)
    }

    /// Whether nothing more will be written.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits until [`Self::durable`] or [`Self::has_ended`] may have changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A batch and its checksum.
    pub(crate) fn read(&self, stream: SpoolStream, sequence: u64) -> (Bytes, u32) {
        self.log(stream).read(sequence)
    }

    /// Replaces a batch by a void; false if it is one already.
    pub(crate) fn give_up(&self, stream: SpoolStream, sequence: u64, reason: &str) -> bool {
        let mut log = self.log(stream);
        let (content, _) = log.read(sequence);
        if void::is_void(&content) {
            return false;
        }
        log.replace(sequence, void::instead_of(&content, reason));
        true
    }

    /// Whether a batch was damaged on disk, so that a void takes its place.
    pub(crate) fn is_damaged(&self, stream: SpoolStream, sequence: u64) -> bool {
        void::is_damaged(&self.read(stream, sequence).0)
    }

    /// How many batches are not acknowledged, and their bytes. Never waits for the disk: heartbeats tell it.
    pub(crate) fn backlog(&self) -> (u64, u64) {
        let [stats, rows] = self.backlogs.each_ref().map(|stream| stream.read());
        (stats.0 + rows.0, stats.1 + rows.1)
    }

    /// Forgets all batches of a stream up to a sequence.
    pub(crate) fn acknowledge(&self, stream: SpoolStream, sequence: u64) {
        self.log(stream).acknowledge(sequence);
    }

    /// The sequence of a stream that delivery begins with.
    pub(crate) fn first(&self, stream: SpoolStream) -> u64 {
        self.log(stream).first_sequence()
    }

    pub(crate) fn remove(&self) {
        for stream in SpoolStream::ALL {
            self.log(stream).clear();
        }
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(dir = %self.dir.display(), %error, "cannot remove a delivered spool");
        }
    }

    /// Renames the directory of results that no collector will ever accept, so that people can look at them.
    pub(crate) fn put_aside(&self) {
        let aside = self.dir.with_extension(REFUSED);
        if let Err(error) = fs::rename(&self.dir, &aside) {
            tracing::warn!(dir = %self.dir.display(), %error, "cannot rename a refused spool");
        }
    }

    fn open(dir: PathBuf, producer: SpoolProducer, quota: &DiskQuota) -> io::Result<Self> {
        let log = |stream: SpoolStream| {
            SegmentLog::open(dir.join(stream.dir()), quota.clone(), stream == SpoolStream::Rows)
        };
        let logs = [log(SpoolStream::Stats)?, log(SpoolStream::Rows)?];
        Ok(Self {
            backlogs: logs.each_ref().map(|log| Arc::clone(log.backlog())),
            logs: logs.map(Mutex::new),
            producer,
            reserve: Mutex::new(NoteReserve::open(&dir)?),
            dir,
            durable: [AtomicU64::new(0), AtomicU64::new(0)],
            ended: AtomicBool::new(false),
            changed: Notify::new(),
        })
    }

    fn find(dir: PathBuf, quota: &DiskQuota) -> io::Result<Self> {
        let producer = serde_json::from_slice(&fs::read(dir.join(PRODUCER_FILE))?)?;
        Self::open(dir, producer, quota)
    }

    /// Nothing more will be written.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Lets delivery see everything that may be sent.
    pub(crate) fn publish(&self) {
        for stream in SpoolStream::ALL {
            self.durable[stream as usize].store(self.log(stream).last_fixed(), Ordering::Release);
        }
        self.changed.notify_one();
    }

    /// Notes durably what may be sent although it is not on disk.
    fn note(&self, note: &PublishedNote) -> io::Result<()> {
        match &mut *self.reserve() {
            Some(reserve) => reserve.write(note),
            None => Err(io::Error::other("an earlier version made no room for it")),
        }
    }

    fn reserve(&self) -> MutexGuard<'_, Option<NoteReserve>> {
        self.reserve.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, stream: SpoolStream) -> MutexGuard<'_, SegmentLog> {
        self.logs[stream as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// The extension of directories with refused results.
const REFUSED: &str = "refused";

#[cfg(test)]
mod tests;
