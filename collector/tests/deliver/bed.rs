//! A collector on a fresh database, and what an agent sends to it.

use std::sync::Arc;

use heavy_proto::v1::{self, Ack, collector_client::CollectorClient, content::Content};
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_store::Store;
use heavy_testkit::{Database, Postgres, TempDir};
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use uuid::Uuid;

/// A job in a fresh database, and the database's address.
pub(crate) struct Bed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) job: Uuid,
    pub(crate) database: Option<Database>,
    _folder: Option<TempDir>,
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new("collector");
        let url = format!("sqlite://{}", folder.join("heavy.db").display());
        Self::on(&url, None, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Self {
        let database = Postgres::shared().database();
        let url = database.url().to_owned();
        Self::on(&url, Some(database), None).await
    }

    /// On a database of the test's own.
    pub(crate) async fn at(url: &str) -> Self {
        Self::on(url, None, None).await
    }

    async fn on(url: &str, database: Option<Database>, folder: Option<TempDir>) -> Self {
        let store = heavy_store::open(url).await.unwrap();
        let job = job();
        store.create_job(&job).await.unwrap();
        Self {
            store,
            job: job.id,
            database,
            _folder: folder,
        }
    }

    /// The single value that a query returns.
    pub(crate) async fn value(&self, sql: &str) -> String {
        let table = self.store.query(sql, 2).await.unwrap();
        assert_eq!(table.rows.len(), 1, "{sql}");
        table.rows[0][0].clone().unwrap_or_default()
    }

    /// A batch of the agent `one`.
    pub(crate) fn batch(&self, stream: v1::Stream, sequence: u64, content: Content) -> v1::Batch {
        batch(self.job, "one", stream, sequence, content)
    }
}

/// A collector that serves in this process.
pub(crate) struct Collector {
    url: String,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Collector {
    pub(crate) async fn start(store: Arc<dyn Store>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        Self {
            url,
            serving: tokio::spawn(heavy_collector::serve(listener, store, shutdown.clone())),
            shutdown,
        }
    }

    pub(crate) async fn session(&self) -> Session {
        let channel = heavy_proto::net::endpoint(&self.url)
            .unwrap()
            .connect()
            .await
            .unwrap();
        let (batches, receiver) = mpsc::channel(64);
        let acks = CollectorClient::new(channel)
            .deliver(ReceiverStream::new(receiver))
            .await
            .unwrap()
            .into_inner();
        Session { batches, acks }
    }
}

/// One stream of batches.
pub(crate) struct Session {
    pub(crate) batches: mpsc::Sender<v1::Batch>,
    pub(crate) acks: Streaming<Ack>,
}

impl Session {
    /// Sends a batch and waits for its acknowledgement.
    pub(crate) async fn deliver(&mut self, batch: v1::Batch) -> Ack {
        let sequence = batch.sequence;
        self.batches.send(batch).await.unwrap();
        let ack = self.ack().await;
        assert_eq!(ack.sequence, sequence);
        ack
    }

    pub(crate) async fn ack(&mut self) -> Ack {
        self.acks.message().await.unwrap().expect("the stream is open")
    }
}

fn job() -> JobInfo {
    JobInfo {
        state: JobState::Running,
        started_at_wall_ns: Some(1_800_000_000_000_000_000),
        planned: 10,
        asked_rate: 1.0,
        ..JobInfo::queued(
            Uuid::now_v7(),
            JobSpec::new("a".repeat(64), "1/s".parse().unwrap(), "10s".parse().unwrap()),
            1_800_000_000_000_000_000,
        )
    }
}

pub(crate) fn batch(
    job: Uuid,
    agent: &str,
    stream: v1::Stream,
    sequence: u64,
    content: Content,
) -> v1::Batch {
    let content = v1::Content {
        content: Some(content),
    }
    .encode_to_vec();
    v1::Batch {
        producer: Some(v1::Producer {
            job: job.to_string(),
            agent: agent.to_owned(),
            epoch: 1,
            stream: stream.into(),
        }),
        sequence,
        crc32c: crc32c::crc32c(&content),
        content: content.into(),
    }
}

/// Iterations with these numbers.
pub(crate) fn iterations(numbers: std::ops::Range<u64>) -> v1::Rows {
    let count = numbers.clone().count();
    v1::Rows {
        dictionary: vec![String::new(), "buy".to_owned()],
        requests: None,
        iterations: Some(v1::IterationRows {
            workflow: vec![1; count],
            iteration: numbers.clone().collect(),
            user_id: vec![0; count],
            sequence_id: numbers.map(|n| format!("journey {n}")).collect(),
            scheduled_ns: vec![0; count],
            lag_ns: vec![1000; count],
            slot_wait_ns: vec![0; count],
            think_ns: Vec::new(),
            duration_ns: vec![2_000_000; count],
            ok: vec![true; count],
            interrupted: vec![false; count],
            error: vec![0; count],
            window: vec![0; count],
            old_window: Vec::new(),
            has_response: vec![true; count],
        }),
    }
}
