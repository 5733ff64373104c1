//! The results of one core on their way to the writer.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use heavy_load::admission::DropReason;
use heavy_load::vocabulary::{MetricKind, OUTPUT_DROPPED};
use heavy_plugin::line::{DroppedLine, IterationLine, MetricLine, RequestLine};
use tokio::sync::Notify;

use super::writer::{BUFFER_BYTES, Writer};

/// How long the first line of a buffer waits for others.
const HAND_OVER_AFTER: Duration = Duration::from_millis(4);

/// One core's buffer of lines, and what is still being added up.
#[derive(Debug)]
pub(crate) struct Results {
    writer: Arc<Writer>,
    workflows: Vec<String>,
    buffer: RefCell<Vec<u8>>,
    filled: Notify,
    unreported: Cell<u64>,
    drops: RefCell<Vec<Drops>>,
}

#[derive(Debug)]
struct Drops {
    workflow: usize,
    reason: DropReason,
    count: u64,
    first: u64,
    last: u64,
}

impl Results {
    pub(crate) fn new(writer: Arc<Writer>, workflows: Vec<String>) -> Self {
        Self {
            writer,
            workflows,
            buffer: RefCell::new(Vec::with_capacity(BUFFER_BYTES)),
            filled: Notify::new(),
            unreported: Cell::new(0),
            drops: RefCell::new(Vec::new()),
        }
    }

    /// Takes a request line, unless the reader is too far behind; then it only counts it.
    pub(crate) fn request(&self, line: &RequestLine<'_>) {
        self.append_if_room(|out| line.write(out));
    }

    /// Takes an iteration line, always.
    pub(crate) fn iteration(&self, line: &IterationLine<'_>) {
        self.append(|out| line.write(out));
    }

    /// Takes a metric line, under the same condition as request lines.
    pub(crate) fn metric(&self, line: &MetricLine<'_>) {
        self.append_if_room(|out| line.write(out));
    }

    /// Counts a dropped iteration; its line leaves with the next hand-over.
    pub(crate) fn dropped(&self, workflow: usize, reason: DropReason, n: u64) {
        let mut drops = self.drops.borrow_mut();
        match drops
            .iter_mut()
            .find(|drops| drops.workflow == workflow && drops.reason == reason)
        {
            Some(known) => {
                known.count += 1;
                known.first = known.first.min(n);
                known.last = known.last.max(n);
            }
            None => drops.push(Drops {
                workflow,
                reason,
                count: 1,
                first: n,
                last: n,
            }),
        }
        self.filled.notify_one();
    }

    pub(crate) fn hand_over(&self) {
        let mut buffer = self.buffer.borrow_mut();
        for Drops {
            workflow,
            reason,
            count,
            first,
            last,
        } in self.drops.borrow_mut().drain(..)
        {
            let workflow = (&*self.workflows[workflow]).into();
            let reason = reason.as_str().into();
            DroppedLine {
                workflow,
                reason,
                count,
                first,
                last,
            }
            .write(&mut buffer);
        }
        if self.unreported.get() > 0 && !self.writer.is_full() {
            let line = MetricLine {
                name: OUTPUT_DROPPED.into(),
                kind: MetricKind::Counter,
                value: self.unreported.take() as f64,
                step: "".into(),
                tags: "".into(),
            };
            line.write(&mut buffer);
        }
        self.writer.hand_over(&mut buffer);
    }

    /// Hands over a few milliseconds after each first line. Never ends.
    pub(crate) async fn keep_handing_over(&self) {
        loop {
            self.filled.notified().await;
            tokio::time::sleep(HAND_OVER_AFTER).await;
            self.hand_over();
        }
    }

    fn append_if_room(&self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.writer.is_full() {
            self.unreported.set(self.unreported.get() + 1);
        } else {
            self.append(write);
        }
    }

    fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut buffer = self.buffer.borrow_mut();
        if buffer.is_empty() {
            self.filled.notify_one();
        }
        write(&mut buffer);
        if buffer.len() >= BUFFER_BYTES {
            self.writer.hand_over(&mut buffer);
        }
    }
}
