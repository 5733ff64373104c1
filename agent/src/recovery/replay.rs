//! The journal of an agent that is gone, read as that agent would have gone on.

use std::io;
use std::sync::Arc;

use heavy_load::vocabulary::Ended;
use heavy_plugin::hello::Hello;
use heavy_plugin::lines::{LineBuffer, LinePiece};

use crate::disk_quota::DiskQuota;
use crate::journal::JournalPosition;
use crate::journal::drain::UNKNOWN_OUTPUT;
use crate::journal::note::{JournalOrder, OrderKind, PublishedNote};
use crate::journal::output::OutputMark;
use crate::journal::read::JournalRecord;
use crate::results::state::{AccountEnd, ResultsState};
use crate::spool::Spool;
use crate::spool::cover::RecordCover;
use crate::spool::queue::{QueueItem, SpoolQueue};
use crate::spool::start::AssignmentStart;
use crate::spool::writer::SpoolWriter;

/// How often due iterations are counted and batches looked at, by the clock of the journal.
const TICK_NS: u64 = 50_000_000;

#[derive(Debug)]
pub(super) struct Replay<'a> {
    spool: &'a Spool,
    start: &'a AssignmentStart,
    state: ResultsState,
    queue: Arc<SpoolQueue>,
    writer: SpoolWriter,
    lines: LineBuffer,
    /// Whether the load test has said hello; what comes before that is not output.
    greeted: bool,
    /// Up to where the journal was read.
    read: JournalPosition,
    /// Roll-ups that may have been sent and are not in the spool: they are made again, and not written.
    sent_stats: Option<PublishedNote>,
    /// Rows up to here may have been sent.
    sent_rows: u64,
    ticked_ns: u64,
    at_ns: u64,
    /// What the journal lacks.
    missing: JournalPosition,
    ended: bool,
}

impl<'a> Replay<'a> {
    /// Goes on from the newest covers of roll-ups and rows. Rows as far as they are noted may have been sent.
    pub(super) fn new(
        spool: &'a Arc<Spool>,
        start: &'a AssignmentStart,
        (stats, rows): (Option<RecordCover>, Option<RecordCover>),
        noted: PublishedNote,
        quota: &DiskQuota,
    ) -> Self {
        let sent_rows = rows.as_ref().map_or(0, |cover| cover.output);
        let queue = Arc::new(SpoolQueue::default());
        let mut state = ResultsState::new(start.workflows(), start.keep());
        state.set_load(|rollup| start.set_load(rollup));
        let covers = [stats, rows];
        let writer = SpoolWriter::resume(Arc::clone(spool), quota.clone(), &covers, &noted);
        let mut lines = LineBuffer::default();
        let [stats, _] = covers;
        let saved = stats.and_then(|cover| cover.state);
        let greeted = saved.is_some();
        if let Some(saved) = saved {
            if saved.skipping {
                lines.skip_line();
            }
            state.restore(saved);
            state.resume(start.clock(), Arc::clone(&queue));
        }
        Self {
            spool,
            start,
            read: state.position(),
            state,
            queue,
            writer,
            lines,
            greeted,
            sent_stats: None,
            sent_rows: sent_rows.max(noted.rows_output),
            ticked_ns: 0,
            at_ns: 0,
            missing: JournalPosition::default(),
            ended: false,
        }
    }

    /// Of what is [taken](Self::take) from now on, only what these roll-ups cover counts: output and orders up to their
    /// position, whatever came between in the journal, and time up to the instant to which they count what is due.
    pub(super) const fn begin_with_sent(&mut self, sent: PublishedNote) {
        self.sent_stats = Some(sent);
    }

    /// All of the journal was read. Whoever goes on from here, from its beginning, repeats nothing of what was sent, and
    /// leaves nothing out: not even what has come of no more than time since.
    pub(super) fn end_of_sent(&mut self) {
        let Some(sent) = self.sent_stats else { return };
        let end = covered(&sent);
        if self.read.output < end.output {
            self.pass(end);
            // Roll-ups end with a line, so what follows begins with one.
            self.lines = LineBuffer::default();
        }
        self.pass(end);
        self.state.flush_again(sent.stats_due_ns, sent.complete_before);
        self.write();
        self.sent_stats = None;
    }

    /// Takes the next record of the journal, if it was not spooled.
    pub(super) fn take(&mut self, record: JournalRecord<'_>, at_ns: u64) -> io::Result<()> {
        let Some(record) = self.of_sent(record) else {
            return Ok(());
        };
        self.at_ns = self.at_ns.max(at_ns);
        match record {
            JournalRecord::Output { from, bytes } => self.output(from, bytes)?,
            JournalRecord::Order { number, order } => self.order(number, order),
            JournalRecord::Published(_) => {}
            JournalRecord::From(position) => self.pass(position),
            JournalRecord::Ended(position) => {
                self.pass(position);
                self.ended = true;
            }
        }
        if self.sent_stats.is_none() && self.at_ns - self.ticked_ns >= TICK_NS {
            self.ticked_ns = self.at_ns;
            self.state.hand_on(self.at_ns, self.at_ns);
            self.write();
        }
        Ok(())
    }

    /// The part of a record that counts now.
    fn of_sent<'r>(&self, record: JournalRecord<'r>) -> Option<JournalRecord<'r>> {
        let Some(end) = self.sent_stats.as_ref().map(covered) else {
            return Some(record);
        };
        match record {
            JournalRecord::Output { from, bytes } => {
                let most = usize::try_from(end.output.checked_sub(from)?).unwrap_or(usize::MAX);
                let bytes = &bytes[..bytes.len().min(most)];
                (!bytes.is_empty()).then_some(JournalRecord::Output { from, bytes })
            }
            JournalRecord::Order { number, order } => {
                (number < end.orders).then_some(JournalRecord::Order { number, order })
            }
            JournalRecord::Published(_) => None,
            JournalRecord::From(position) | JournalRecord::Ended(position) => {
                Some(JournalRecord::From(JournalPosition {
                    output: position.output.min(end.output),
                    orders: position.orders.min(end.orders),
                }))
            }
        }
    }

    /// Closes the account if all of it is known, and makes everything durable.
    pub(super) fn finish(mut self) {
        let agent = &self.spool.producer.agent;
        let mark = self.mark();
        self.state.output(&mut self.lines, LineBuffer::rest, mark);
        let at_ns = self.start.clock().at(self.at_ns);
        let is_known = self.ended && self.missing == JournalPosition::default();
        if is_known && !self.state.is_incomplete() || self.state.is_closed() {
            self.state.event("agent-died", agent, "", at_ns);
            let end = AccountEnd {
                ended: Ended::Died,
                // What was released and not due was never started; the scheduler knows what else was planned.
                until_ns: 0,
                clock_offset_ns: self.start.clock_offset_ns,
                clock_error_ns: self.start.clock_error_ns,
                sandbox: self.start.sandbox,
            };
            if let Err(error) = self.state.close(self.at_ns, &[], end) {
                tracing::error!(job = self.spool.producer.job, %error, "an assignment cannot be closed");
            }
        } else if !self.state.is_incomplete() {
            let what = self.what_is_missing();
            tracing::error!(
                job = self.spool.producer.job,
                what,
                "results are missing that an earlier run of this agent had not spooled"
            );
            self.state.event("results-missing", agent, &what, at_ns);
            self.state.miss();
            self.state.flush();
        }
        self.write();
        self.writer.end();
    }

    fn what_is_missing(&self) -> String {
        let JournalPosition { output, orders } = self.missing;
        match (output, orders) {
            (0, 0) => "what the load test wrote last".to_owned(),
            (UNKNOWN_OUTPUT.., _) => "nobody knows how much of what the load test wrote".to_owned(),
            _ => format!("{output} bytes of output, {orders} orders"),
        }
    }

    fn mark(&self) -> OutputMark {
        OutputMark {
            end: self.read.output,
            at_ns: self.at_ns,
        }
    }

    fn output(&mut self, from: u64, bytes: &[u8]) -> io::Result<()> {
        let known = usize::try_from(self.read.output.saturating_sub(from)).unwrap_or(usize::MAX);
        let Some(mut left) = bytes.get(known..) else {
            return Ok(());
        };
        self.pass(JournalPosition {
            output: from,
            ..self.read
        });
        while !left.is_empty() {
            let mut piece = left;
            // Batches end where those ended that may have been sent.
            if self.sent_rows > self.read.output {
                let most = usize::try_from(self.sent_rows - self.read.output).unwrap_or(usize::MAX);
                piece = &piece[..piece.len().min(most)];
            }
            let before = piece.len();
            self.lines.read_from(&mut piece)?;
            let taken = before - piece.len();
            left = &left[taken..];
            self.read.output += taken as u64;
            self.lines();
        }
        Ok(())
    }

    /// Goes on at a position: what of it was not read is missing.
    fn pass(&mut self, position: JournalPosition) {
        let output = position.output.saturating_sub(self.read.output);
        if output > 0 {
            // What was sent ends within what is missing: what was read before it was sent, too.
            if (self.read.output + 1..=position.output).contains(&self.sent_rows) {
                self.state.flush();
                self.write();
            }
            self.missing.output += output;
            self.read.output = position.output;
            self.lines.skip_line();
        }
        let orders = position.orders.saturating_sub(self.read.orders);
        if orders > 0 {
            self.missing.orders += orders;
            self.read.orders = position.orders;
            self.state.lost_orders();
        }
    }

    fn lines(&mut self) {
        while !self.greeted
            && let Some(piece) = self.lines.next_piece()
        {
            match piece {
                LinePiece::Line(line) if Hello::parse(line).is_some() => self.greeted = true,
                piece => self.state.early(&piece),
            }
        }
        let mark = self.mark();
        self.state.output(&mut self.lines, LineBuffer::next_piece, mark);
        if self.sent_rows == self.read.output {
            self.state.flush();
        }
        self.write();
    }

    fn order(&mut self, number: u64, order: JournalOrder) {
        if number < self.read.orders {
            return;
        }
        self.pass(JournalPosition {
            orders: number,
            ..self.read
        });
        self.read.orders = number + 1;
        let Some(kind) = order.kind else { return };
        self.state.order(&kind, self.read.orders);
        if matches!(kind, OrderKind::Start(_)) {
            let queue = Arc::clone(&self.queue);
            self.state.begin(self.start.clock(), queue, self.at_ns);
        }
    }

    /// Writes what was passed on and was not sent.
    fn write(&mut self) {
        for item in self.queue.take_now() {
            let sent = match &item {
                QueueItem::Rows(_, output) | QueueItem::Overflow(.., output) => *output <= self.sent_rows,
                QueueItem::Stats(_) => self.sent_stats.is_some(),
                QueueItem::Closing(_) => false,
            };
            if !sent {
                self.writer.write(item);
            }
        }
    }
}

/// What roll-ups cover.
const fn covered(sent: &PublishedNote) -> JournalPosition {
    JournalPosition {
        output: sent.stats_output,
        orders: sent.stats_orders,
    }
}
