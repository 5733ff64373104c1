//! The delivery of one spool in a simulation, which is the network between it and the collector.

use std::sync::Arc;

use heavy_proto::v1;
use tokio::sync::mpsc;

use super::{Interruption, Sender, cursor};
use crate::spool::Spool;

/// A spool that is delivered, one session after the other.
#[derive(Debug)]
pub struct SimulatedDelivery {
    spool: Arc<Spool>,
    sender: Sender,
    session: Option<Session>,
}

#[derive(Debug)]
struct Session {
    batches: mpsc::Sender<v1::Batch>,
    wire: mpsc::Receiver<v1::Batch>,
}

/// How a session goes on after an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// It does.
    Open,
    /// It ended; the next one may begin at once, or after a pause.
    Ended,
    /// The collector will never take the results.
    Never,
}

impl SimulatedDelivery {
    pub(crate) fn new(spool: Arc<Spool>) -> Self {
        Self {
            sender: Sender::new(Arc::clone(&spool)),
            spool,
            session: None,
        }
    }

    /// The job whose results these are.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.spool.producer.job
    }

    /// The attempt whose results these are.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.spool.producer.epoch
    }

    /// Whether it is connected.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.session.is_some()
    }

    /// Whether there is something to send now.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.sender.has_more()
    }

    /// Opens a session, if there is none.
    pub fn connect(&mut self) {
        if self.session.is_none() {
            let (batches, wire) = mpsc::channel(2 * cursor::MAX_BATCHES);
            self.session = Some(Session { batches, wire });
        }
    }

    /// What goes on the wire now.
    pub fn send(&mut self) -> Vec<v1::Batch> {
        let Some(session) = &mut self.session else {
            return Vec::new();
        };
        self.sender.send(&session.batches);
        std::iter::from_fn(|| session.wire.try_recv().ok()).collect()
    }

    /// An acknowledgement of this session arrives.
    pub fn acknowledged(&mut self, ack: &v1::Ack) -> SessionEnd {
        match self.sender.acknowledged(ack) {
            Ok(()) => SessionEnd::Open,
            Err(Interruption::Never(_)) => SessionEnd::Never,
            Err(Interruption::Again | Interruption::Later(_) | Interruption::Broken(_)) => {
                self.disconnect();
                SessionEnd::Ended
            }
        }
    }

    /// The session breaks.
    pub fn disconnect(&mut self) {
        self.session = None;
        self.sender.rewind();
    }

    /// Whether everything is acknowledged, and nothing more comes.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.sender.is_done()
    }

    /// How many batches are not acknowledged, and their bytes.
    #[must_use]
    pub fn backlog(&self) -> (u64, u64) {
        self.spool.backlog()
    }

    /// Removes a spool that is delivered.
    pub fn remove(self) {
        self.spool.remove();
    }
}
