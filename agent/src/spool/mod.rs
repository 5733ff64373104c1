//! Results on disk until a collector has committed them.
//!
//! Each assignment has a directory with one [`log`](log::Log) for each of its two streams. A thread of its own writes
//! what waits in the [`queue`](queue::Queue), makes it durable, and then lets delivery see it; delivery reads it back
//! and forgets it when it is acknowledged. What an agent left behind is found again by the next one.

mod log;
pub(crate) mod queue;
mod record;
pub(crate) mod void;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use bytes::Bytes;
use heavy_proto::v1;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::disk_quota::DiskQuota;
use heavy_process::nice;
use log::SegmentLog;
use queue::{QueueItem, SpoolQueue};

/// The most bytes of a job id, which names a directory.
const MAX_JOB_BYTES: usize = 64;

const PRODUCER_FILE: &str = "producer.json";

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
    logs: [Mutex<SegmentLog>; 2],
    /// The highest sequence of each stream that may be sent.
    durable: [AtomicU64; 2],
    /// Whether nothing more will be written.
    ended: AtomicBool,
    changed: Notify,
}

impl Spool {
    /// Makes the spool of a new assignment below `root`; its queue is written until it is ended.
    pub(crate) fn create(
        root: &Path,
        producer: SpoolProducer,
        quota: &DiskQuota,
    ) -> io::Result<(Arc<Self>, Arc<SpoolQueue>)> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if producer.job.len() > MAX_JOB_BYTES || !producer.job.bytes().all(plain) {
            return Err(io::Error::other("invalid job id"));
        }
        let dir = root.join(format!("{}-{}", producer.job, producer.epoch));
        fs::create_dir(&dir)?;
        let mut file = File::create(dir.join(PRODUCER_FILE))?;
        file.write_all(&serde_json::to_vec(&producer)?)?;
        file.sync_all()?;
        let spool = Arc::new(Self::open(dir, producer, quota)?);
        // Batches that survive a power failure are lost without the directory entries above them.
        File::open(&spool.dir)?.sync_all()?;
        File::open(root)?.sync_all()?;
        let queue = Arc::new(SpoolQueue::default());
        let (writer, source, quota) = (Arc::clone(&spool), Arc::clone(&queue), quota.clone());
        thread::Builder::new().name("spool".into()).spawn(move || {
            nice::set_thread(nice::DELIVERY);
            writer.write_all(&source, &quota);
        })?;
        Ok((spool, queue))
    }

    /// Finds the spools that earlier agents left below `root`. What cannot be read stays on disk, with an error in the log.
    pub(crate) fn left_over(root: &Path, quota: &DiskQuota) -> Vec<Arc<Self>> {
        let entries = fs::read_dir(root).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
        let mut spools = Vec::new();
        for dir in entries.into_iter().map(|entry| entry.path()) {
            if dir.extension().is_some_and(|extension| extension == REFUSED) {
                continue;
            }
            match Self::find(dir.clone(), quota) {
                Ok(spool) => spools.push(Arc::new(spool)),
                Err(error) => tracing::error!(dir = %dir.display(), %error, "cannot read a spool"),
            }
        }
        spools
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
        let log =
            |stream: SpoolStream| SegmentLog::open(dir.join(stream.dir()), quota.clone()).map(Mutex::new);
        let logs = [log(SpoolStream::Stats)?, log(SpoolStream::Rows)?];
        Ok(Self {
            producer,
            dir,
            logs,
            durable: [AtomicU64::new(0), AtomicU64::new(0)],
            ended: AtomicBool::new(false),
            changed: Notify::new(),
        })
    }

    fn find(dir: PathBuf, quota: &DiskQuota) -> io::Result<Self> {
        let producer = serde_json::from_slice(&fs::read(dir.join(PRODUCER_FILE))?)?;
        let spool = Self::open(dir, producer, quota)?;
        spool.publish();
        spool.ended.store(true, Ordering::Release);
        Ok(spool)
    }

    fn write_all(&self, queue: &SpoolQueue, quota: &DiskQuota) {
        let mut given_up = (0, 0);
        loop {
            let items = queue.take();
            if items.is_empty() {
                break;
            }
            for item in items {
                self.write(item, quota, &mut given_up);
            }
            for stream in SpoolStream::ALL {
                if let Err(error) = self.log(stream).sync() {
                    // What was not made durable is still delivered if it can be read back, else as a void.
                    tracing::error!(%error, job = self.producer.job, "cannot sync the spool");
                }
            }
            self.publish();
        }
        self.ended.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    fn write(&self, item: QueueItem, quota: &DiskQuota, given_up: &mut (u64, u64)) {
        let mut count = |requests, iterations| {
            given_up.0 += requests;
            given_up.1 += iterations;
        };
        match item {
            QueueItem::Rows(batch) if quota.is_used_up() => {
                count(batch.requests, batch.iterations);
                self.append_rows(void::encode("over quota", batch.requests, batch.iterations));
            }
            QueueItem::Rows(batch) => {
                if !self.append_rows(Bytes::from(batch.content)) {
                    count(batch.requests, batch.iterations);
                }
            }
            QueueItem::Overflow(requests, iterations) => {
                count(requests, iterations);
                self.append_rows(void::encode("slow disk", requests, iterations));
            }
            QueueItem::Stats(delta) => {
                self.append_stats(heavy_proto::stats::encode_delta(&delta));
            }
            QueueItem::Closing(mut closing) => {
                closing.last_rows_sequence = self.log(SpoolStream::Rows).last();
                (closing.voided_requests, closing.voided_iterations) = *given_up;
                self.append_stats(heavy_proto::stats::encode_closing(&closing));
            }
        }
    }

    /// Appends rows; or a void if the disk does not take them. False for a void.
    fn append_rows(&self, content: Bytes) -> bool {
        let mut log = self.log(SpoolStream::Rows);
        let (sequence, result) = log.append(content.clone());
        let Err(error) = result else { return true };
        tracing::error!(%error, job = self.producer.job, "cannot spool rows: the agent discards and counts them");
        log.replace(sequence, void::instead_of(&content, "disk full"));
        false
    }

    /// Appends roll-ups; or keeps them in memory if the disk does not take them: they are small and never discarded.
    fn append_stats(&self, content: Vec<u8>) {
        let (_, result) = self.log(SpoolStream::Stats).append(Bytes::from(content));
        if let Err(error) = result {
            tracing::error!(%error, job = self.producer.job, "cannot spool roll-ups: the agent keeps them in memory");
        }
    }

    fn publish(&self) {
        for stream in SpoolStream::ALL {
            self.durable[stream as usize].store(self.log(stream).last(), Ordering::Release);
        }
        self.changed.notify_one();
    }

    fn log(&self, stream: SpoolStream) -> MutexGuard<'_, SegmentLog> {
        self.logs[stream as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The extension of directories with refused results.
const REFUSED: &str = "refused";
