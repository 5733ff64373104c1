//! An agent as the scheduler sees it: a real stream, and results put into the store as a collector would.

use heavy_load::histogram::Histogram;
use heavy_load::revision::Revision;
use heavy_load::span::Span;
use heavy_load::vocabulary::Ended;
use heavy_proto::v1::fleet_client::FleetClient;
use heavy_proto::v1::{self, AssignmentState, from_agent, to_agent};
use heavy_proto::{net, stats};
use heavy_results::job::{JobSpec, JobState};
use heavy_results::stats::{Closing, Delta, Dropped, Iterations, Requests};
use heavy_store::{Batch, Committed, Content, Producer, Store, Stream, Voided};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use uuid::Uuid;

use crate::world::{LIMIT, World};

pub(crate) struct Agent {
    pub(crate) name: String,
    out: mpsc::Sender<v1::FromAgent>,
    incoming: Streaming<v1::ToAgent>,
    pub(crate) client: FleetClient<Channel>,
}

impl Agent {
    pub(crate) async fn connect(world: &World, name: &str) -> Self {
        Self::register(world, name, "first", &[]).await.unwrap()
    }

    pub(crate) async fn register(
        world: &World,
        name: &str,
        instance: &str,
        jobs: &[Uuid],
    ) -> Result<Self, Status> {
        let channel = net::endpoint(&world.url()).unwrap().connect().await.unwrap();
        let mut client = FleetClient::new(channel);
        let (out, stream) = mpsc::channel(16);
        let register = v1::Register {
            name: name.to_owned(),
            instance: instance.to_owned(),
            version: "test".to_owned(),
            cores: 2,
            architecture: "x86_64".to_owned(),
            glibc: "2.36".to_owned(),
            sandbox: "basic+files".to_owned(),
            jobs: jobs.iter().map(Uuid::to_string).collect(),
            ..v1::Register::default()
        };
        out.send(envelope(from_agent::Message::Register(register)))
            .await
            .unwrap();
        let incoming = client.connect(ReceiverStream::new(stream)).await?.into_inner();
        let mut agent = Self {
            name: name.to_owned(),
            out,
            incoming,
            client,
        };
        match agent.next().await {
            to_agent::Message::Registered(registered) => assert_eq!(registered.lease_ns, 10_000_000_000),
            other => panic!("expected Registered, got {other:?}"),
        }
        Ok(agent)
    }

    pub(crate) async fn next(&mut self) -> to_agent::Message {
        let next = tokio::time::timeout(LIMIT, self.incoming.message()).await;
        next.expect("a message for the agent")
            .unwrap()
            .unwrap()
            .message
            .unwrap()
    }

    pub(crate) async fn assigned(&mut self) -> v1::Assign {
        match self.next().await {
            to_agent::Message::Assign(assign) => assign,
            other => panic!("expected Assign, got {other:?}"),
        }
    }

    pub(crate) async fn started(&mut self) -> v1::Start {
        match self.next().await {
            to_agent::Message::Start(start) => start,
            other => panic!("expected Start, got {other:?}"),
        }
    }

    pub(crate) async fn revised(&mut self) -> Revision {
        match self.next().await {
            to_agent::Message::Revise(revise) => serde_json::from_str(&revise.revision).unwrap(),
            other => panic!("expected Revise, got {other:?}"),
        }
    }

    pub(crate) async fn stopped(&mut self) -> v1::Stop {
        match self.next().await {
            to_agent::Message::Stop(stop) => stop,
            other => panic!("expected Stop, got {other:?}"),
        }
    }

    pub(crate) async fn beat(&mut self, beat: v1::Heartbeat) -> v1::HeartbeatReply {
        self.out
            .send(envelope(from_agent::Message::Heartbeat(beat)))
            .await
            .unwrap();
        match self.next().await {
            to_agent::Message::Heartbeat(reply) => reply,
            other => panic!("expected a heartbeat's answer, got {other:?}"),
        }
    }

    pub(crate) async fn say(&self, job: Uuid, state: AssignmentState) {
        self.update(job, state, "", "").await;
    }

    pub(crate) async fn fail(&self, job: Uuid, kind: &str, message: &str) {
        self.update(job, AssignmentState::Failed, kind, message).await;
    }

    async fn update(&self, job: Uuid, state: AssignmentState, kind: &str, message: &str) {
        let update = v1::AssignmentUpdate {
            job: job.to_string(),
            epoch: 1,
            state: state.into(),
            failure_kind: kind.to_owned(),
            message: message.to_owned(),
            sdk: "test".to_owned(),
            splits: false,
        };
        self.out
            .send(envelope(from_agent::Message::Update(update)))
            .await
            .unwrap();
    }

    /// Submits a job of an hour and takes part until its load runs.
    pub(crate) async fn run_long(&mut self, world: &World, mut spec: JobSpec) -> Uuid {
        spec.load_spec.duration = Some(Span::from_s(3600));
        let job = world.submit(&spec).await;
        self.assigned().await;
        self.say(job, AssignmentState::Prepared).await;
        self.started().await;
        self.say(job, AssignmentState::Running).await;
        world.in_state(job, JobState::Running).await;
        job
    }

    /// Prepares what it is assigned and runs it to its end with `ok` good iterations.
    pub(crate) async fn run_well(&mut self, store: &dyn Store, ok: u64) -> Uuid {
        let job: Uuid = self.assigned().await.job.parse().unwrap();
        self.say(job, AssignmentState::Prepared).await;
        self.started().await;
        self.say(job, AssignmentState::Running).await;
        self.finish(store, job, ok).await;
        job
    }

    /// Delivers `ok` good iterations and is done.
    pub(crate) async fn finish(&self, store: &dyn Store, job: Uuid, ok: u64) {
        self.say(job, AssignmentState::Draining).await;
        self.deliver(store, job, 1, &delta(ok)).await;
        self.close(store, job, 2, ok).await;
        self.say(job, AssignmentState::Finished).await;
    }

    pub(crate) async fn deliver(&self, store: &dyn Store, job: Uuid, sequence: u64, delta: &Delta) {
        let bytes = stats::encode_delta(delta);
        self.commit(store, job, sequence, bytes, false).await;
    }

    pub(crate) async fn close(&self, store: &dyn Store, job: Uuid, sequence: u64, ok: u64) {
        self.close_with(store, job, sequence, ok, |_| {}).await;
    }

    pub(crate) async fn close_with(
        &self,
        store: &dyn Store,
        job: Uuid,
        sequence: u64,
        ok: u64,
        change: impl FnOnce(&mut Closing),
    ) {
        let mut closing = Closing {
            scheduled: ok,
            started: ok,
            ok,
            ended: Some(Ended::Finished),
            ..Closing::default()
        };
        change(&mut closing);
        let bytes = stats::encode_closing(&closing);
        self.commit(store, job, sequence, bytes, true).await;
    }

    /// Commits a void in place of rows: so many requests and iterations.
    pub(crate) async fn void_rows(
        &self,
        store: &dyn Store,
        job: Uuid,
        sequence: u64,
        (requests, iterations): (u64, u64),
    ) {
        let voided = Voided {
            requests,
            iterations,
            damaged_batches: u64::from(requests + iterations == 0),
        };
        let batch = Batch {
            producer: Producer {
                job,
                agent: self.name.clone(),
                epoch: 1,
                stream: Stream::Rows,
            },
            sequence,
            crc32c: 7,
            content: Content::Void(voided),
        };
        assert_eq!(store.commit(&batch).await.unwrap(), Committed::Stored);
    }

    async fn commit(&self, store: &dyn Store, job: Uuid, sequence: u64, bytes: Vec<u8>, closing: bool) {
        let batch = Batch {
            producer: Producer {
                job,
                agent: self.name.clone(),
                epoch: 1,
                stream: Stream::Stats,
            },
            sequence,
            crc32c: 7,
            content: Content::Encoded { bytes, closing },
        };
        assert_eq!(store.commit(&batch).await.unwrap(), Committed::Stored);
    }
}

/// `ok` iterations of the workflow `main`, each with one good request of 1 ms, all in the first second.
pub(crate) fn delta(ok: u64) -> Delta {
    let mut duration = Histogram::default();
    duration.record_n(1_000_000, ok);
    let iterations = Iterations {
        workflow: "main".into(),
        scheduled: ok,
        started: ok,
        ok,
        dropped: Dropped::default(),
        duration: duration.clone(),
        response: duration.clone(),
        generator_lag: {
            let mut lag = Histogram::default();
            lag.record_n(10_000, ok);
            lag
        },
        ..Iterations::default()
    };
    let requests = Requests {
        workflow: "main".into(),
        method: "GET".into(),
        name: "GET /".into(),
        status: 200,
        duration,
        ..Requests::default()
    };
    Delta {
        complete_before_second: 1,
        iterations: vec![iterations],
        requests: vec![requests],
        ..Delta::default()
    }
}

fn envelope(message: from_agent::Message) -> v1::FromAgent {
    v1::FromAgent {
        message: Some(message),
    }
}
