//! The way of results out of the process: each core fills a buffer of its own, and one thread writes them in turn.
//!
//! Only whole lines are handed over, so that lines of different cores never mix. When the reader is slower than the
//! load, buffers pile up to [`MAX_QUEUED_BYTES`]; beyond that, cores drop request lines (and count them), never
//! iteration lines: the outcome of every released iteration gets out.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::{io, mem, thread};

use tokio::sync::oneshot;

/// Maximum number of bytes that wait for the reader before request lines are dropped.
pub(crate) const MAX_QUEUED_BYTES: usize = 32 << 20;

/// A core hands its buffer over when it holds this much, or a few milliseconds after its first line.
pub(crate) const BUFFER_BYTES: usize = 64 << 10;

/// Maximum number of empty buffers kept for reuse.
const MAX_SPARE: usize = 32;

/// Where the lines go: each call gets one or more whole lines.
pub(crate) type Sink = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// The writer thread's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    queue: Mutex<WriteQueue>,
    handed_over: Condvar,
    queued_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct WriteQueue {
    full: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    flushes: Vec<oneshot::Sender<()>>,
}

impl Writer {
    /// Starts the thread that writes to `sink`.
    pub(crate) fn start(sink: Sink) -> io::Result<Arc<Self>> {
        let writer = Arc::new(Self::default());
        let of_thread = Arc::clone(&writer);
        thread::Builder::new()
            .name("heavy-writer".to_owned())
            .spawn(move || of_thread.write_all(sink))?;
        Ok(writer)
    }

    /// Hands the lines in `buffer` over and leaves an empty buffer in its place.
    pub(crate) fn hand_over(&self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            return;
        }
        let mut queue = self.lock();
        let spare = queue.spare.pop().unwrap_or_default();
        let full = mem::replace(buffer, spare);
        self.queued_bytes.fetch_add(full.len(), Ordering::Relaxed);
        queue.full.push_back(full);
        drop(queue);
        self.handed_over.notify_one();
    }

    /// Whether the queue is full, so that request lines must be dropped.
    pub(crate) fn is_full(&self) -> bool {
        self.queued_bytes.load(Ordering::Relaxed) > MAX_QUEUED_BYTES
    }

    /// Waits until everything handed over so far has been written.
    pub(crate) async fn flush(&self) {
        let (written, wait) = oneshot::channel();
        self.lock().flushes.push(written);
        self.handed_over.notify_one();
        // The sender is only dropped unused when the thread is gone, and then nothing is left to wait for.
        wait.await.unwrap_or(());
    }

    fn lock(&self) -> MutexGuard<'_, WriteQueue> {
        self.queue.lock().expect("no holder of the queue panics")
    }

    fn write_all(&self, mut sink: Sink) {
        let mut reader_is_gone = false;
        let mut queue = self.lock();
        loop {
            if let Some(mut buffer) = queue.full.pop_front() {
                drop(queue);
                // Without a reader the lines have nowhere to go; the agent that closed the pipe also closes the
                // socket, which ends the process.
                reader_is_gone = reader_is_gone || sink(&buffer).is_err();
                self.queued_bytes.fetch_sub(buffer.len(), Ordering::Relaxed);
                buffer.clear();
                queue = self.lock();
                if queue.spare.len() < MAX_SPARE {
                    queue.spare.push(buffer);
                }
            } else {
                for flush in queue.flushes.drain(..) {
                    // The receiver may have stopped waiting.
                    let _ = flush.send(());
                }
                queue = self
                    .handed_over
                    .wait(queue)
                    .expect("no holder of the queue panics");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn lines_leave_in_order_and_flush_waits_for_them() {
        let (sender, receiver) = mpsc::sync_channel(16);
        let writer = Writer::start(Box::new(move |lines| {
            sender.send(lines.to_vec()).map_err(io::Error::other)
        }))
        .unwrap();
        let mut buffer = b"one\n".to_vec();
        writer.hand_over(&mut buffer);
        assert!(buffer.is_empty());
        buffer.extend_from_slice(b"two\n");
        writer.hand_over(&mut buffer);
        writer.flush().await;
        let lines: Vec<u8> = receiver.try_iter().flatten().collect();
        assert_eq!(lines, b"one\ntwo\n");
    }

    #[tokio::test]
    async fn a_blocked_reader_is_noticed_and_a_gone_one_is_no_obstacle() {
        let (release, blocked) = mpsc::sync_channel::<()>(0);
        let writer = Writer::start(Box::new(move |_| blocked.recv().map_err(io::Error::other))).unwrap();
        writer.hand_over(&mut vec![b'x'; MAX_QUEUED_BYTES + 1]);
        assert!(writer.is_full());
        drop(release);
        writer.flush().await;
        assert!(!writer.is_full());
    }
}
