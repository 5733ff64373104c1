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
    /// What rows and roll-ups cover.
    covered: PublishedNote,
    /// What the roll-ups on disk cover: some may be in memory only.
    on_disk: JournalPosition,
    /// Whether something may be sent, from this turn on, that is not on disk.
    lacks_disk: bool,
    closed: bool,
}

impl SpoolWriter {
    /// Writes a new spool.
    pub(crate) fn new(spool: Arc<Spool>, quota: DiskQuota) -> Self {
        Self {
            spool,
            quota,
            rows: RowCounts::default(),
            covered: PublishedNote::default(),
            on_disk: JournalPosition::default(),
            lacks_disk: false,
            closed: false,
        }
    }

    /// Goes on where the records of a spool end, or what is noted of it.
    pub(crate) fn resume(
        spool: Arc<Spool>,
        quota: DiskQuota,
        newest: &[Option<RecordCover>; 2],
        noted: &PublishedNote,
    ) -> Self {
        let mut writer = Self::new(spool, quota);
        writer.covered = *noted;
        let covers = newest.iter().flatten();
        let known = covers.map(|cover| (cover.rows, cover.output));
        for (counts, output) in known.chain([(noted.rows(), noted.rows_output)]) {
            // Whichever is newer has counted more.
            let later = |rows: &RowCounts| rows.requests + rows.iterations;
            if later(&counts) >= later(&writer.rows) {
                writer.rows = counts;
            }
            writer.covered.rows_output = writer.covered.rows_output.max(output);
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
        let writer = Self::new(Arc::clone(spool), quota.clone());
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
        self.end();
        self.spool.publish();
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
                self.append_rows(content, &cover);
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
                let position = JournalPosition {
                    output: saved.output,
                    orders: saved.orders,
                };
                if self.append_stats(content, &self.stats_cover(Some(saved))) {
                    self.on_disk = position;
                }
            }
            QueueItem::Closing(closing) => self.closing(*closing),
        }
    }

    /// Makes everything durable: rows before the roll-ups that say that they are there, and then a note of what is not
    /// there. Without it the next agent would use the sequences of that again, for something else.
    fn sync(&mut self) {
        for stream in [SpoolStream::Rows, SpoolStream::Stats] {
            if let Err(error) = self.spool.log(stream).sync() {
                // What was not made durable is still delivered if it can be read back, else as a void.
                tracing::error!(%error, job = self.spool.producer.job, "cannot sync the spool");
                self.lacks_disk = true;
            }
        }
        if std::mem::take(&mut self.lacks_disk)
            && let Err(error) = self.spool.note(&self.published())
        {
            tracing::error!(
                %error,
                job = self.spool.producer.job,
                "cannot note what is sent: results are lost if this agent dies before the disk is written again"
            );
        }
    }

    /// Makes everything durable that was written, of which nothing follows.
    pub(crate) fn end(&mut self) {
        self.lacks_disk |= self.spool.log(SpoolStream::Rows).fix();
        self.sync();
    }

    /// What may be sent once it is noted.
    fn published(&self) -> PublishedNote {
        let last = |stream| self.spool.log(stream).last();
        PublishedNote {
            stats_sequence: last(SpoolStream::Stats),
            rows_sequence: last(SpoolStream::Rows),
            requests: self.rows.requests,
            iterations: self.rows.iterations,
            voided_requests: self.rows.voided_requests,
            voided_iterations: self.rows.voided_iterations,
            ..self.covered
        }
    }

    fn rows(&mut self, batch: ClosedBatch, covers: u64) {
        let (requests, iterations) = (batch.requests, batch.iterations);
        if self.quota.is_used_up() {
            let content = void::encode("over quota", requests, iterations);
            let cover = self.rows_cover(requests, iterations, covers, true);
            self.append_rows(content, &cover);
            return;
        }
        let cover = self.rows_cover(requests, iterations, covers, false);
        if !self.append_rows(Bytes::from(batch.content), &cover) {
            self.rows.voided_requests += requests;
            self.rows.voided_iterations += iterations;
        }
    }

    fn closing(&mut self, mut closing: Closing) {
        self.lacks_disk |= self.spool.log(SpoolStream::Rows).fix();
        self.covered.closed = true;
        closing.last_rows_sequence = self.spool.log(SpoolStream::Rows).last();
        closing.voided_requests = self.rows.voided_requests;
        closing.voided_iterations = self.rows.voided_iterations;
        let content = heavy_proto::stats::encode_closing(&closing);
        let cover = RecordCover {
            closed: true,
            ..self.stats_cover(None)
        };
        self.closed = self.append_stats(Bytes::from(content), &cover);
    }

    /// Appends roll-ups or the closing; false if the disk does not take them: they stay in memory as long as they are
    /// not too many.
    fn append_stats(&mut self, content: Bytes, cover: &RecordCover) -> bool {
        let (_, result) = self.spool.log(SpoolStream::Stats).append(content, cover);
        let Err(error) = result else { return true };
        let job = &self.spool.producer.job;
        tracing::error!(%error, job, "cannot spool roll-ups: the agent keeps them in memory");
        self.lacks_disk = true;
        false
    }

    /// Appends rows; false if the disk does not take them.
    fn append_rows(&mut self, content: Bytes, cover: &RecordCover) -> bool {
        let result = self.spool.log(SpoolStream::Rows).append_rows(&content, cover);
        let Err(error) = result else { return true };
        let job = &self.spool.producer.job;
        tracing::error!(%error, job, "cannot spool rows: the agent discards and counts them");
        self.lacks_disk = true;
        false
    }

    fn covers(&mut self, saved: &SavedResults) {
        self.covered = PublishedNote {
            stats_output: saved.output,
            stats_orders: saved.orders,
            stats_due_ns: saved.due_ns,
            complete_before: saved.complete_before,
            closed: !saved.ended.is_empty(),
            ..self.covered
        };
    }

    fn rows_cover(&mut self, requests: u64, iterations: u64, covers: u64, voided: bool) -> RecordCover {
        self.rows.requests += requests;
        self.rows.iterations += iterations;
        if voided {
            self.rows.voided_requests += requests;
            self.rows.voided_iterations += iterations;
        }
        self.covered.rows_output = covers;
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
            output: self.covered.stats_output,
            rows: self.rows,
            rows_sequence: self.spool.log(SpoolStream::Rows).last(),
            state,
            ..RecordCover::default()
        }
    }
}
