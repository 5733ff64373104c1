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
    /// Roll-ups up to here may have been sent; none once all of them were read.
    sent_stats: Option<JournalPosition>,
    /// Rows up to here may have been sent.
    sent_rows: u64,
    ticked_ns: u64,
    at_ns: u64,
    /// What the journal lacks.
    missing: JournalPosition,
    ended: bool,
}

impl<'a> Replay<'a> {
    /// Goes on from the newest covers of roll-ups and rows. Rows up to `sent_rows` may have been sent, and roll-ups as
    /// far as `sent` says.
    pub(super) fn new(
        spool: &'a Arc<Spool>,
        start: &'a AssignmentStart,
        (stats, rows): (Option<RecordCover>, Option<RecordCover>),
        sent_rows: u64,
        sent: Option<PublishedNote>,
        quota: &DiskQuota,
    ) -> Self {
        let queue = Arc::new(SpoolQueue::default());
        let mut state = ResultsState::new(start.workflows(), start.keep());
        state.set_load(|rollup| start.set_load(rollup));
        let covers = [stats, rows];
        let writer = SpoolWriter::new(Arc::clone(spool), quota.clone(), &covers);
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
            sent_stats: sent.map(|note| JournalPosition {
                output: note.stats_output,
                orders: note.stats_orders,
            }),
            sent_rows,
            ticked_ns: 0,
            at_ns: 0,
            missing: JournalPosition::default(),
            ended: false,
        }
        .past_what_was_sent()
    }

    /// What follows was not sent if all that was is read: also what has come of no more than time.
    fn past_what_was_sent(mut self) -> Self {
        self.forget_sent_stats();
        self
    }

    fn forget_sent_stats(&mut self) {
        let read = self.read;
        self.sent_stats
            .take_if(|sent| sent.output <= read.output && sent.orders <= read.orders);
    }

    fn sent_stats_output(&self) -> u64 {
        self.sent_stats.map_or(0, |sent| sent.output)
    }

    /// Takes the next record of the journal, if it was not spooled.
    pub(super) fn take(&mut self, record: JournalRecord<'_>, at_ns: u64) -> io::Result<()> {
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
        if self.at_ns - self.ticked_ns >= TICK_NS {
            self.ticked_ns = self.at_ns;
            self.state.hand_on(self.at_ns, self.at_ns);
            self.write();
        }
        Ok(())
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
        self.writer.sync();
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
            for end in [self.sent_rows, self.sent_stats_output()] {
                if end > self.read.output {
                    let most = usize::try_from(end - self.read.output).unwrap_or(usize::MAX);
                    piece = &piece[..piece.len().min(most)];
                }
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
            let is_passed = |end: u64| (self.read.output + 1..=position.output).contains(&end);
            if is_passed(self.sent_rows) || is_passed(self.sent_stats_output()) {
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
        if [self.sent_rows, self.sent_stats_output()].contains(&self.read.output) {
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
        if self
            .sent_stats
            .is_some_and(|sent| sent.orders == self.read.orders)
        {
            self.state.flush();
            self.write();
        }
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
                QueueItem::Stats(of) => self.sent_stats.is_some_and(|sent| of.1.output <= sent.output),
                QueueItem::Closing(_) => false,
            };
            if !sent {
                self.writer.write(item);
            }
        }
        self.forget_sent_stats();
    }
}
