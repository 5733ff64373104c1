//! Streams of batches: received in order, committed in lanes, acknowledged after the commit.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::FixedState;
use heavy_proto::v1::{self, Ack, Outcome};
use heavy_store::{Committed, Producer, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::decode;

/// Lanes of a stream, half of them for stats, so that stats never wait behind rows.
const LANES: usize = 4;
/// Batches that wait in a lane.
const LANE_QUEUE: usize = 4;
/// Acknowledgements that wait for a slow agent.
const ACK_QUEUE: usize = 64;
/// What all streams together may have received and not yet acknowledged, in KiB.
const MOST_UNDER_WAY_KIB: usize = 256 << 10;

#[derive(Debug)]
pub(crate) struct CollectorService {
    committer: Arc<Committer>,
    room: Arc<Semaphore>,
    shutdown: CancellationToken,
}

impl CollectorService {
    pub(crate) fn new(store: Arc<dyn Store>, shutdown: CancellationToken) -> Self {
        Self {
            committer: Arc::new(Committer {
                store,
                away: AtomicBool::new(false),
            }),
            room: Arc::new(Semaphore::new(MOST_UNDER_WAY_KIB)),
            shutdown,
        }
    }
}

/// A batch and its share of the room.
type ReceivedBatch = (v1::Batch, OwnedSemaphorePermit);

#[tonic::async_trait]
impl v1::collector_server::Collector for CollectorService {
    type DeliverStream = ReceiverStream<Result<Ack, Status>>;

    async fn deliver(
        &self,
        request: Request<Streaming<v1::Batch>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let (acks, answers) = mpsc::channel(ACK_QUEUE);
        let lanes = (0..LANES)
            .map(|_| {
                let (lane, batches) = mpsc::channel(LANE_QUEUE);
                tokio::spawn(Arc::clone(&self.committer).run_lane(batches, acks.clone()));
                lane
            })
            .collect();
        tokio::spawn(receive(
            request.into_inner(),
            lanes,
            acks,
            Arc::clone(&self.room),
            self.shutdown.clone(),
        ));
        Ok(Response::new(ReceiverStream::new(answers)))
    }
}

/// Hands batches to their lanes until the stream ends, breaks, or the collector shuts down.
async fn receive(
    mut batches: Streaming<v1::Batch>,
    lanes: Vec<mpsc::Sender<ReceivedBatch>>,
    acks: mpsc::Sender<Result<Ack, Status>>,
    room: Arc<Semaphore>,
    shutdown: CancellationToken,
) {
    loop {
        let batch = tokio::select! {
            batch = batches.message() => batch,
            () = shutdown.cancelled() => return,
            // Nobody listens any more.
            () = acks.closed() => return,
        };
        let batch = match batch {
            Ok(Some(batch)) => batch,
            Ok(None) => return,
            Err(status) => {
                tracing::debug!(%status, "a stream broke");
                return;
            }
        };
        let kib = u32::try_from(batch.content.len() / 1024 + 1).unwrap_or(u32::MAX);
        let Ok(share) = Arc::clone(&room).acquire_many_owned(kib).await else {
            return;
        };
        if lanes[lane_of(&batch)].send((batch, share)).await.is_err() {
            return;
        }
    }
}

/// The lane of a batch: one for all batches of a producer.
fn lane_of(batch: &v1::Batch) -> usize {
    let Some(producer) = &batch.producer else {
        return 0;
    };
    let half = LANES / 2;
    let hash = FixedState::default().hash_one((&producer.job, &producer.agent, producer.epoch));
    let lane = (hash % half as u64) as usize;
    match producer.stream() {
        v1::Stream::Rows => half + lane,
        v1::Stream::Stats | v1::Stream::Unspecified => lane,
    }
}

/// Commits batches and reports their outcomes.
#[derive(Debug)]
struct Committer {
    store: Arc<dyn Store>,
    /// Whether the store could not be reached the last time.
    away: AtomicBool,
}

impl Committer {
    async fn run_lane(
        self: Arc<Self>,
        mut batches: mpsc::Receiver<ReceivedBatch>,
        acks: mpsc::Sender<Result<Ack, Status>>,
    ) {
        while let Some((batch, share)) = batches.recv().await {
            // What nobody waits for comes again on another stream.
            if acks.is_closed() {
                return;
            }
            let ack = self.commit(batch).await;
            drop(share);
            if acks.send(Ok(ack)).await.is_err() {
                return;
            }
        }
    }

    async fn commit(&self, batch: v1::Batch) -> Ack {
        let mut ack = Ack {
            producer: batch.producer.clone(),
            sequence: batch.sequence,
            ..Ack::default()
        };
        let (outcome, message) = match decode::batch(batch) {
            Err(refusal) => (Outcome::Refused, refusal.to_string()),
            Ok(batch) => match self.store.commit(&batch).await {
                Ok(committed) => {
                    self.store_answers();
                    match committed {
                        Committed::Gap { expected } => ack.expected = expected,
                        Committed::Conflict => ack.expected = ack.sequence + 1,
                        Committed::Stored
                        | Committed::Duplicate
                        | Committed::Discarded
                        | Committed::UnknownJob => {}
                    }
                    outcome_of(committed, &batch.producer)
                }
                Err(error) if error.may_pass() => {
                    self.store_is_away(&error);
                    (Outcome::Retry, error.to_string())
                }
                Err(error) => (Outcome::Refused, error.to_string()),
            },
        };
        if outcome == Outcome::Refused {
            let producer = ack.producer.clone().unwrap_or_default();
            tracing::warn!(
                job = producer.job,
                agent = producer.agent,
                sequence = ack.sequence,
                reason = message,
                "refused a batch"
            );
        }
        ack.set_outcome(outcome);
        ack.message = message;
        ack
    }

    fn store_answers(&self) {
        if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the database is writable again");
        }
    }

    fn store_is_away(&self, error: &heavy_store::Error) {
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "cannot write to the database; agents keep their results and retry");
        }
    }
}

fn outcome_of(committed: Committed, producer: &Producer) -> (Outcome, String) {
    let (outcome, message) = match committed {
        // Results of a deleted job: the agent need not keep them.
        Committed::Stored | Committed::Discarded => (Outcome::Stored, ""),
        Committed::Duplicate => (Outcome::Duplicate, ""),
        Committed::Gap { .. } => (Outcome::Gap, "an earlier batch is missing"),
        Committed::Conflict => (
            Outcome::Refused,
            "another batch was committed under this sequence: two agents share a name and an epoch, or a spool was reused",
        ),
        // An agent that reached the wrong store must not discard what the right one would accept.
        Committed::UnknownJob => {
            let message = format!(
                "unknown job {}: scheduler and collector must use the same database",
                producer.job
            );
            return (Outcome::Retry, message);
        }
    };
    (outcome, message.to_owned())
}
