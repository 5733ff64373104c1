//! Writes a spool: what waits in its queue becomes durable, is noted in the journal, and is then seen by delivery.

use std::io;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use heavy_process::clock::monotonic_ns;
use heavy_process::nice;
use heavy_results::stats::Closing;

use super::cover::{RecordCover, RowCounts};
use super::queue::{QueueItem, SpoolQueue};
use super::{Spool, SpoolStream, void};
use crate::batch::ClosedBatch;
use crate::disk_quota::DiskQuota;
use crate::journal::note::PublishedNote;
use crate::journal::{Journal, JournalPosition};
use crate::results::saved::SavedResults;

#[derive(Debug)]
pub(crate) struct SpoolWriter {
    spool: Arc<Spool>,
    quota: DiskQuota,
    /// All rows so far.
    rows: RowCounts,
    /// What the rows cover.
    rows_output: u64,
    /// What the roll-ups cover.
    covered: JournalPosition,
    /// The same of those on disk: some may be in memory only.
    on_disk: JournalPosition,
    closed: bool,
}

impl SpoolWriter {
    /// Goes on where the records of a spool end.
    pub(crate) fn new(spool: Arc<Spool>, quota: DiskQuota, newest: &[Option<RecordCover>; 2]) -> Self {
        let mut writer = Self {
            spool,
            quota,
            rows: RowCounts::default(),
            rows_output: 0,
            covered: JournalPosition::default(),
            on_disk: JournalPosition::default(),
            closed: false,
        };
        for cover in newest.iter().flatten() {
            // Whichever is newer has counted more.
            let later = |rows: &RowCounts| rows.requests + rows.iterations;
            if later(&cover.rows) >= later(&writer.rows) {
                writer.rows = cover.rows;
            }
            writer.rows_output = writer.rows_output.max(cover.output);
            if let Some(state) = &cover.state {
                writer.covers(state);
            }
        }
        writer
    }

    /// Writes a new spool on a thread of its own until the returned queue is ended. The journal says what is durable.
    pub(crate) fn start(
        spool: &Arc<Spool>,
        quota: &DiskQuota,
        journal: Arc<Journal>,
    ) -> io::Result<Arc<SpoolQueue>> {
        let queue = Arc::new(SpoolQueue::default());
        let writer = Self::new(Arc::clone(spool), quota.clone(), &[None, None]);
        let source = Arc::clone(&queue);
        thread::Builder::new().name("spool".into()).spawn(move || {
            nice::set_thread(nice::DELIVERY);
            writer.run(&source, &journal);
        })?;
        Ok(queue)
    }

    /// Writes until the queue is ended.
    fn run(mut self, queue: &SpoolQueue, journal: &Journal) {
        loop {
            let items = queue.take();
            if items.is_empty() {
                break;
            }
            self.turn(items, journal, monotonic_ns());
        }
        self.spool.end();
    }

    /// Writes items, and lets delivery see them. The journal goes with a closing.
    pub(crate) fn turn(&mut self, items: impl IntoIterator<Item = QueueItem>, journal: &Journal, at_ns: u64) {
        for item in items {
            self.write(item);
        }
        self.sync();
        journal.append_published(&self.published(), at_ns);
        self.spool.publish();
        if self.closed {
            journal.remove();
        } else {
            journal.covered(self.on_disk);
        }
    }

    /// Writes an item, without making it durable.
    pub(crate) fn write(&mut self, item: QueueItem) {
        match item {
            QueueItem::Rows(batch, covers) => self.rows(batch, covers),
            QueueItem::Overflow(requests, iterations, covers) => {
                let content = void::encode("slow disk", requests, iterations);
                let cover = self.rows_cover(requests, iterations, covers, true);
                self.append(SpoolStream::Rows, content, &cover);
            }
            QueueItem::Stats(of) => {
                let (delta, saved) = *of;
                let content = if self.quota.is_reserve_used_up() {
                    tracing::error!(
                        job = self.spool.producer.job,
                        "over quota: discarded statistics, which makes the job invalid"
                    );
                    void::encode("over quota", 0, 0)
                } else {
                    Bytes::from(heavy_proto::stats::encode_delta(&delta))
                };
                self.covers(&saved);
                if self.append(SpoolStream::Stats, content, &self.stats_cover(Some(saved))) {
                    self.on_disk = self.covered;
                }
            }
            QueueItem::Closing(closing) => self.closing(*closing),
        }
    }

    /// Makes everything durable: rows before the roll-ups that say that they are there.
    pub(crate) fn sync(&mut self) {
        for stream in [SpoolStream::Rows, SpoolStream::Stats] {
            if let Err(error) = self.spool.log(stream).sync() {
                // What was not made durable is still delivered if it can be read back, else as a void.
                tracing::error!(%error, job = self.spool.producer.job, "cannot sync the spool");
            }
        }
    }

    /// What may be sent once the journal says so.
    fn published(&self) -> PublishedNote {
        let last = |stream| self.spool.log(stream).last();
        PublishedNote {
            stats_sequence: last(SpoolStream::Stats),
            rows_sequence: last(SpoolStream::Rows),
            stats_output: self.covered.output,
            stats_orders: self.covered.orders,
            rows_output: self.rows_output,
            requests: self.rows.requests,
            iterations: self.rows.iterations,
        }
    }

    fn rows(&mut self, batch: ClosedBatch, covers: u64) {
        let (requests, iterations) = (batch.requests, batch.iterations);
        if self.quota.is_used_up() {
            let content = void::encode("over quota", requests, iterations);
            let cover = self.rows_cover(requests, iterations, covers, true);
            self.append(SpoolStream::Rows, content, &cover);
            return;
        }
        let cover = self.rows_cover(requests, iterations, covers, false);
        if !self.append(SpoolStream::Rows, Bytes::from(batch.content), &cover) {
            self.rows.voided_requests += requests;
            self.rows.voided_iterations += iterations;
        }
    }

    fn closing(&mut self, mut closing: Closing) {
        closing.last_rows_sequence = self.spool.log(SpoolStream::Rows).last();
        closing.voided_requests = self.rows.voided_requests;
        closing.voided_iterations = self.rows.voided_iterations;
        let content = heavy_proto::stats::encode_closing(&closing);
        let cover = RecordCover {
            closed: true,
            ..self.stats_cover(None)
        };
        self.closed = self.append(SpoolStream::Stats, Bytes::from(content), &cover);
    }

    /// Appends a batch; false if the disk does not take it. Rows are replaced by a void then; roll-ups stay in memory
    /// as long as they are not too many.
    fn append(&self, stream: SpoolStream, content: Bytes, cover: &RecordCover) -> bool {
        let mut log = self.spool.log(stream);
        let (sequence, result) = log.append(content.clone(), cover);
        let Err(error) = result else { return true };
        let job = &self.spool.producer.job;
        match stream {
            SpoolStream::Rows => {
                tracing::error!(%error, job, "cannot spool rows: the agent discards and counts them");
                log.replace(sequence, void::instead_of(&content, "disk full"));
            }
            SpoolStream::Stats => {
                tracing::error!(%error, job, "cannot spool roll-ups: the agent keeps them in memory");
            }
        }
        false
    }

    fn covers(&mut self, saved: &SavedResults) {
        self.covered = JournalPosition {
            output: saved.output,
            orders: saved.orders,
        };
    }

    fn rows_cover(&mut self, requests: u64, iterations: u64, covers: u64, voided: bool) -> RecordCover {
        self.rows.requests += requests;
        self.rows.iterations += iterations;
        if voided {
            self.rows.voided_requests += requests;
            self.rows.voided_iterations += iterations;
        }
        self.rows_output = covers;
        RecordCover {
            output: covers,
            own_requests: requests,
            own_iterations: iterations,
            rows: self.rows,
            ..RecordCover::default()
        }
    }

    fn stats_cover(&self, state: Option<SavedResults>) -> RecordCover {
        RecordCover {
            output: self.covered.output,
            rows: self.rows,
            rows_sequence: self.spool.log(SpoolStream::Rows).last(),
            state,
            ..RecordCover::default()
        }
    }
}
