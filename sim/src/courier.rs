//! The delivery of one spool: its sessions, and the pauses between them.

use heavy_agent::simulation::{SessionEnd, SimulatedDelivery};
use heavy_proto::v1::{Ack, Outcome, Producer, Stream};

use crate::facts::Attempt;
use crate::network::{Network, SessionId};

/// The longest pause between sessions.
const LONGEST_PAUSE_NS: u64 = 200_000_000;

#[derive(Debug)]
pub(crate) struct Courier {
    delivery: SimulatedDelivery,
    session: SessionId,
    resumes_ns: u64,
}

impl Courier {
    pub(crate) const fn new(delivery: SimulatedDelivery) -> Self {
        Self {
            delivery,
            session: 0,
            resumes_ns: 0,
        }
    }

    pub(crate) fn attempt(&self) -> Attempt {
        Attempt::new(self.delivery.job(), self.delivery.epoch())
    }

    pub(crate) const fn session(&self) -> Option<SessionId> {
        if self.delivery.is_connected() {
            Some(self.session)
        } else {
            None
        }
    }

    /// How many batches are not acknowledged, and their bytes.
    pub(crate) fn backlog(&self) -> (u64, u64) {
        self.delivery.backlog()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.delivery.is_done()
    }

    pub(crate) fn remove(self) {
        self.delivery.remove();
    }

    /// Connects if there is a reason to, and sends what may be sent; returns what it was, for those who tell.
    pub(crate) fn send(
        &mut self,
        network: &mut Network,
        next_session: &mut SessionId,
        now_ns: u64,
    ) -> Vec<(Stream, u64)> {
        if !self.delivery.is_connected() {
            if now_ns < self.resumes_ns || !self.delivery.has_more() {
                return Vec::new();
            }
            *next_session += 1;
            self.session = *next_session;
            self.delivery.connect();
        }
        let batches = self.delivery.send();
        let mut sent = Vec::new();
        for batch in batches {
            let stream = batch
                .producer
                .as_ref()
                .map_or(Stream::Unspecified, Producer::stream);
            sent.push((stream, batch.sequence));
            network.send_batch(self.session, batch);
        }
        sent
    }

    /// An acknowledgement of its session arrives.
    ///
    /// # Errors
    /// When the agent gives up.
    pub(crate) fn acknowledged(&mut self, ack: &Ack, now_ns: u64) -> Result<(), String> {
        match self.delivery.acknowledged(ack) {
            SessionEnd::Open => Ok(()),
            SessionEnd::Ended => {
                let pauses = ack.outcome() != Outcome::Retry;
                self.resumes_ns = now_ns + if pauses { LONGEST_PAUSE_NS / 4 } else { 0 };
                Ok(())
            }
            SessionEnd::Never => Err(format!("an agent gives results up: {}", ack.message)),
        }
    }

    /// Its session breaks.
    pub(crate) fn break_off(&mut self, network: &mut Network, now_ns: u64) {
        network.acks.forget(self.session);
        self.delivery.disconnect();
        self.resumes_ns = now_ns + LONGEST_PAUSE_NS;
    }
}
