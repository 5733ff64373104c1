//! A collector that keeps what it gets in memory and keeps to the rules: in order, no gaps, checksums right.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::Stream;
use heavy_proto::stats::{self, Statistics};
use heavy_proto::v1;
use heavy_proto::v1::collector_server::{Collector as Service, CollectorServer};
use heavy_proto::v1::content::Content;
use heavy_results::stats::{Closing, Delta};
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// What one job's agent has delivered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delivered {
    pub(crate) deltas: Vec<Delta>,
    pub(crate) rows: Vec<v1::Rows>,
    pub(crate) voids: Vec<v1::Void>,
    pub(crate) closing: Option<Closing>,
    pub(crate) last_rows_sequence: u64,
}

impl Delivered {
    pub(crate) fn requests(&self) -> u64 {
        let rows = self.rows.iter().filter_map(|rows| rows.requests.as_ref());
        rows.map(|rows| rows.duration_ns.len() as u64).sum()
    }

    pub(crate) fn iterations(&self) -> u64 {
        let rows = self.rows.iter().filter_map(|rows| rows.iterations.as_ref());
        rows.map(|rows| rows.duration_ns.len() as u64).sum()
    }

    /// The sum of something over all seconds.
    pub(crate) fn sum(&self, of: impl Fn(&heavy_results::stats::Iterations) -> u64) -> u64 {
        self.deltas
            .iter()
            .flat_map(|delta| &delta.iterations)
            .map(of)
            .sum()
    }

    /// How many lines were no results, for a reason.
    pub(crate) fn not_results(&self, reason: &str) -> u64 {
        let lines = self.deltas.iter().flat_map(|delta| &delta.not_results);
        lines
            .filter(|(other, _)| other.as_ref() == reason)
            .map(|(_, count)| count)
            .sum()
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    pub(crate) jobs: HashMap<String, Delivered>,
    marks: HashMap<(String, i32), u64>,
    pub(crate) trouble: Vec<Trouble>,
    pub(crate) sessions: u64,
}

/// What goes wrong with the next batch of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Retry,
    Refuse,
    HangUp,
    CommitAndHangUp,
}

#[derive(Clone)]
pub(crate) struct Collector {
    pub(crate) addr: SocketAddr,
    pub(crate) stored: watch::Sender<Stored>,
    server: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let collector = Self {
            addr: listener.local_addr().expect("it is bound"),
            stored: watch::channel(Stored::default()).0,
            server: Arc::default(),
        };
        collector.serve(listener);
        collector
    }

    fn serve(&self, listener: TcpListener) {
        let service = CollectorServer::new(self.clone())
            .max_decoding_message_size(heavy_proto::net::MAX_DELIVERY_BYTES);
        let server = heavy_proto::net::server().add_service(service);
        let running = tokio::spawn(async move {
            let _ = server.serve_with_incoming(TcpIncoming::from(listener)).await;
        });
        self.server.lock().expect("nobody panics").replace(running);
    }

    fn take(&self, batch: &v1::Batch) -> (v1::Outcome, u64, bool) {
        let producer = batch.producer.clone().expect("a batch has a producer");
        assert_eq!(
            crc32c::crc32c(&batch.content),
            batch.crc32c,
            "checksums are right"
        );
        let is_rows = producer.stream() == v1::Stream::Rows;
        let mut answer = (v1::Outcome::Stored, 0, false);
        self.stored.send_modify(|stored| {
            let mark = stored
                .marks
                .entry((producer.job.clone(), producer.stream))
                .or_default();
            answer = if batch.sequence <= *mark {
                (v1::Outcome::Duplicate, 0, false)
            } else if batch.sequence > *mark + 1 {
                (v1::Outcome::Gap, *mark + 1, false)
            } else {
                let content = v1::Content::decode(batch.content.clone())
                    .expect("it is a content")
                    .content;
                let void = matches!(content, Some(Content::Void(_)));
                let trouble = if is_rows && !void {
                    stored.trouble.pop()
                } else {
                    None
                };
                match trouble {
                    Some(Trouble::Retry) => (v1::Outcome::Retry, 0, false),
                    Some(Trouble::Refuse) => (v1::Outcome::Refused, 0, false),
                    Some(Trouble::HangUp) => (v1::Outcome::Unspecified, 0, true),
                    trouble => {
                        *mark = batch.sequence;
                        let job = stored.jobs.entry(producer.job.clone()).or_default();
                        let content = content.expect("it has a content");
                        keep(job, content, &batch.content, is_rows, batch.sequence);
                        (v1::Outcome::Stored, 0, trouble.is_some())
                    }
                }
            };
        });
        answer
    }
}

fn keep(job: &mut Delivered, content: Content, bytes: &[u8], is_rows: bool, sequence: u64) {
    if is_rows {
        job.last_rows_sequence = sequence;
    }
    match content {
        Content::Rows(rows) => job.rows.push(rows),
        Content::Void(void) => job.voids.push(void),
        Content::Stats(_) | Content::Closing(_) => {
            match stats::decode(bytes).expect("these are statistics") {
                Statistics::Delta(delta) => {
                    assert!(job.closing.is_none(), "nothing comes after the closing");
                    job.deltas.push(*delta);
                }
                Statistics::Closing(closing) => {
                    assert!(job.closing.replace(*closing).is_none(), "there is one closing");
                }
            }
        }
    }
}

#[tonic::async_trait]
impl Service for Collector {
    type DeliverStream = Pin<Box<dyn Stream<Item = Result<v1::Ack, Status>> + Send>>;

    async fn deliver(
        &self,
        request: Request<Streaming<v1::Batch>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        self.stored.send_modify(|stored| stored.sessions += 1);
        let mut batches = request.into_inner();
        let (acks, receiver) = mpsc::channel(64);
        let collector = self.clone();
        tokio::spawn(async move {
            while let Ok(Some(batch)) = batches.message().await {
                let (outcome, expected, hang_up) = collector.take(&batch);
                if hang_up {
                    break;
                }
                let ack = v1::Ack {
                    producer: batch.producer,
                    sequence: batch.sequence,
                    outcome: outcome.into(),
                    expected,
                    message: "as the test wants".to_owned(),
                };
                if acks.send(Ok(ack)).await.is_err() {
                    break;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}
