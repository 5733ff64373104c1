//! Sends spooled batches to the collector and forgets them when it has committed them.
//!
//! All of it runs on one thread of low priority, so that it never takes the processor from the load.

mod backlogs;
mod cursor;
mod hold;
mod reach;
#[cfg(feature = "simulation")]
pub(crate) mod simulated;

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use heavy_proto::net::MAX_DELIVERY_BYTES;
use heavy_proto::v1::{self, collector_client::CollectorClient};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::backoff::Backoff;
use crate::clock;
use crate::spool::{Spool, SpoolStream};
pub(crate) use backlogs::Backlogs;
use cursor::{AckOutcome, Cursor, Effect};
use heavy_process::nice;
use hold::Hold;
pub(crate) use reach::reach;

/// Spools that wait to be taken over, which takes no time.
const QUEUE: usize = 64;

/// How many of the spools that nobody writes any more are delivered at a time: each has batches in memory.
const MOST_AT_ONCE: usize = 8;

/// The agent logs every n-th failure to reach the collector.
const COMPLAIN_EVERY: u32 = 20;

pub(crate) type DeliveryResult = Result<(), Undeliverable>;

/// No collector will ever take this spool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the collector refused the results: {0}")]
pub(crate) struct Undeliverable(String);

/// A handle to the thread.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    orders: mpsc::Sender<(Arc<Spool>, oneshot::Sender<DeliveryResult>)>,
    pub(crate) backlogs: Backlogs,
}

impl Delivery {
    /// Starts the thread; it ends when `shutdown` is cancelled, whatever is left to deliver.
    pub(crate) fn start(url: &str, shutdown: CancellationToken) -> io::Result<(Self, JoinHandle<()>)> {
        let endpoint = heavy_proto::net::endpoint(url).map_err(io::Error::other)?;
        let (orders, receiver) = mpsc::channel(QUEUE);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new().name("delivery".into()).spawn(move || {
            nice::set_thread(nice::DELIVERY);
            runtime.block_on(async move {
                let client = CollectorClient::new(endpoint.connect_lazy())
                    .max_decoding_message_size(MAX_DELIVERY_BYTES)
                    .max_encoding_message_size(MAX_DELIVERY_BYTES);
                tokio::select! {
                    () = serve(client, receiver) => {}
                    () = shutdown.cancelled() => {}
                }
            });
            // Lookups of host names may still be under way; nothing waits for them.
            runtime.shutdown_background();
        })?;
        let backlogs = Backlogs::default();
        Ok((Self { orders, backlogs }, thread))
    }

    /// Delivers a spool until all of it is acknowledged, and removes it; the outcome comes when that is done.
    pub(crate) async fn take_over(&self, spool: Arc<Spool>) -> oneshot::Receiver<DeliveryResult> {
        let (done, outcome) = oneshot::channel();
        self.backlogs.add(&spool);
        // The thread is gone only when the agent shuts down: its next start delivers the spool.
        let _ = self.orders.send((spool, done)).await;
        outcome
    }
}

async fn serve(
    client: CollectorClient<Channel>,
    mut orders: mpsc::Receiver<(Arc<Spool>, oneshot::Sender<DeliveryResult>)>,
) {
    let turns = Arc::new(Semaphore::new(MOST_AT_ONCE));
    while let Some((spool, done)) = orders.recv().await {
        // One that is being written never waits.
        let turns = spool.has_ended().then(|| Arc::clone(&turns));
        let client = client.clone();
        tokio::spawn(async move {
            let delivered = deliver(&spool, client, turns.as_deref()).await;
            match &delivered {
                Ok(()) => spool.remove(),
                Err(error) => {
                    tracing::error!(job = spool.producer.job, %error, "undeliverable results stay on disk in a directory NAME.refused");
                    spool.put_aside();
                }
            }
            // Left-over spools have nobody who waits.
            let _ = done.send(delivered);
        });
    }
}

enum Interruption {
    /// It broke, or could not be made.
    Broken(tonic::Status),
    /// Something must be sent again, in a new session so that no answer is mistaken for another's.
    Again,
    /// It does not take a stream now, for this reason.
    Later(String),
    /// It refuses even voids.
    Never(Undeliverable),
}

/// Delivers a spool, with `turns` in sessions that take turns with those of others.
async fn deliver(
    spool: &Arc<Spool>,
    mut client: CollectorClient<Channel>,
    turns: Option<&Semaphore>,
) -> DeliveryResult {
    let mut sender = Sender::new(Arc::clone(spool));
    let mut backoff = Backoff::default();
    let mut failures = 0;
    loop {
        // Nothing is connected before there is something to say.
        while !sender.has_more() {
            if sender.is_done() {
                return Ok(());
            }
            sender.changed().await;
        }
        let before = sender.forgotten;
        let mut pauses = true;
        let turn = match turns {
            Some(turns) => turns.acquire().await.ok(),
            None => None,
        };
        let ended = sender.session(&mut client).await;
        drop(turn);
        let problem = match ended {
            Ok(()) => return Ok(()),
            Err(Interruption::Never(error)) => return Err(error),
            Err(Interruption::Again) => None,
            Err(Interruption::Later(reason)) => {
                pauses = false;
                Some(reason)
            }
            Err(Interruption::Broken(status)) => Some(status.message().to_owned()),
        };
        if sender.forgotten > before {
            backoff = Backoff::default();
            failures = 0;
        }
        if let Some(problem) = problem {
            if failures % COMPLAIN_EVERY == 0 {
                tracing::warn!(
                    job = spool.producer.job,
                    problem,
                    "cannot deliver to the collector, trying again"
                );
            }
            failures += 1;
        }
        sender.rewind();
        if pauses {
            tokio::time::sleep(backoff.next_pause()).await;
        }
    }
}

#[derive(Debug)]
struct Sender {
    spool: Arc<Spool>,
    cursors: [Cursor; 2],
    holds: [Hold; 2],
    /// How many acknowledgements brought something forward.
    forgotten: u64,
}

impl Sender {
    fn new(spool: Arc<Spool>) -> Self {
        Self {
            cursors: SpoolStream::ALL.map(|stream| Cursor::new(spool.first(stream))),
            spool,
            holds: Default::default(),
            forgotten: 0,
        }
    }

    /// One connection, until all is delivered or the session ends early.
    async fn session(&mut self, client: &mut CollectorClient<Channel>) -> Result<(), Interruption> {
        let (batches, receiver) = mpsc::channel(2 * cursor::MAX_BATCHES);
        // A server may answer the call itself only when it has seen a first batch.
        self.send(&batches);
        let mut acks = client
            .deliver(ReceiverStream::new(receiver))
            .await
            .map_err(Interruption::Broken)?
            .into_inner();
        loop {
            self.send(&batches);
            if self.is_done() {
                return Ok(());
            }
            tokio::select! {
                ack = acks.message() => match ack.map_err(Interruption::Broken)? {
                    Some(ack) => self.acknowledged(&ack)?,
                    None => {
                        let status = tonic::Status::unavailable("the collector ended the stream");
                        return Err(Interruption::Broken(status));
                    }
                },
                () = self.changed() => {}
            }
        }
    }

    /// Waits until there may be more to send.
    async fn changed(&self) {
        let now = clock::now();
        match self.holds.iter().filter_map(|hold| hold.until(now)).min() {
            None => self.spool.changed().await,
            Some(until) => {
                tokio::select! {
                    () = self.spool.changed() => {}
                    () = tokio::time::sleep_until(until.into()) => {}
                }
            }
        }
    }

    /// Sends what may be sent, roll-ups first.
    fn send(&mut self, batches: &mpsc::Sender<v1::Batch>) {
        for stream in SpoolStream::ALL {
            while let Some(sequence) = self.next(stream) {
                let cursor = &mut self.cursors[stream as usize];
                // There is room for all that both windows allow, but for what was rewound and is still there.
                let Ok(place) = batches.try_reserve() else { return };
                let (content, crc32c) = self.spool.read(stream, sequence);
                cursor.sent(content.len());
                place.send(v1::Batch {
                    producer: Some(v1::Producer {
                        job: self.spool.producer.job.clone(),
                        agent: self.spool.producer.agent.clone(),
                        epoch: self.spool.producer.epoch,
                        stream: stream.wire().into(),
                    }),
                    sequence,
                    crc32c,
                    content,
                });
            }
        }
    }

    fn acknowledged(&mut self, ack: &v1::Ack) -> Result<(), Interruption> {
        let wire = ack.producer.as_ref().map(v1::Producer::stream);
        let Some(stream) = SpoolStream::ALL
            .into_iter()
            .find(|stream| Some(stream.wire()) == wire)
        else {
            return Ok(());
        };
        let outcome = match ack.outcome() {
            v1::Outcome::Stored | v1::Outcome::Duplicate => AckOutcome::Stored,
            v1::Outcome::Gap => AckOutcome::Gap(ack.expected),
            // It was sent before it was damaged.
            v1::Outcome::Refused
                if ack.expected > ack.sequence && self.spool.is_damaged(stream, ack.sequence) =>
            {
                AckOutcome::Stored
            }
            v1::Outcome::Refused => AckOutcome::Refused,
            v1::Outcome::Retry | v1::Outcome::Unspecified => AckOutcome::Retry,
        };
        match self.cursors[stream as usize].acknowledge(ack.sequence, outcome) {
            Effect::Nothing => {}
            Effect::Forget(sequence) => {
                self.forgotten += 1;
                self.holds[stream as usize].end();
                self.spool.acknowledge(stream, sequence);
            }
            Effect::Restart(sequence) => {
                tracing::warn!(
                    job = self.spool.producer.job,
                    expected = ack.expected,
                    "the collector lacks a batch"
                );
                self.spool.acknowledge(stream, sequence);
                return Err(Interruption::Again);
            }
            Effect::GiveUp(sequence) => {
                tracing::error!(
                    job = self.spool.producer.job,
                    sequence,
                    reason = ack.message,
                    "a batch was refused"
                );
                if !self.spool.give_up(stream, sequence, "refused") {
                    return Err(Interruption::Never(Undeliverable(ack.message.clone())));
                }
                return Err(Interruption::Again);
            }
            Effect::Pause => {
                self.holds[stream as usize].begin(clock::now());
                return Err(Interruption::Later(ack.message.clone()));
            }
        }
        Ok(())
    }

    fn has_more(&self) -> bool {
        SpoolStream::ALL
            .into_iter()
            .any(|stream| self.next(stream).is_some())
    }

    /// The batch of a stream to send now.
    fn next(&self, stream: SpoolStream) -> Option<u64> {
        let (cursor, hold) = (&self.cursors[stream as usize], &self.holds[stream as usize]);
        let may = hold.until(clock::now()).is_none() && !(hold.is_asking() && cursor.is_under_way());
        cursor.next(self.spool.durable(stream)).filter(|_| may)
    }

    fn is_done(&self) -> bool {
        // The order matters: once it has ended, what is durable is all there will be.
        self.spool.has_ended()
            && SpoolStream::ALL
                .into_iter()
                .all(|stream| self.cursors[stream as usize].is_done(self.spool.durable(stream)))
    }

    fn rewind(&mut self) {
        self.cursors.iter_mut().for_each(Cursor::rewind);
    }
}

#[cfg(test)]
mod tests;
