//! The RPC service: an agent's calls, passed on to the process.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use futures::{Sink, Stream, StreamExt as _};
use heavy_plugin::codec::{self, ServerTransport};
use heavy_plugin::rpc::{Accepted, Description, Failure, LoadTest, Prepared, Release, Setup, Stopped};
use serde_json::Value;
use tarpc::context::Context;
use tarpc::server::{BaseChannel, Channel as _, Config};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

use super::lease_end;
use super::process::Process;
use crate::beside::beside;

/// Maximum number of answers that wait to be written.
const PENDING_RESPONSES: usize = 1_024;

/// The bytes between an agent and a load test, whatever socket they come by: the service is compiled once for all.
pub(crate) trait AgentSocket: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> AgentSocket for S {}

/// Serves one agent until it closes the connection. Calls that are still being carried out then are forgotten.
pub(crate) async fn serve(stream: Box<dyn AgentSocket>, process: Arc<Process>) {
    let closed = Rc::new(Notify::new());
    let transport: ServerTransport<Box<dyn AgentSocket>> = codec::transport(stream);
    let transport = WatchedTransport {
        inner: transport,
        closed: Rc::clone(&closed),
    };
    let config = Config {
        pending_response_buffer: PENDING_RESPONSES,
    };
    let watching = beside(lease_end::watch(Arc::clone(&process)));
    let calls = BaseChannel::new(config, transport).execute(LoadTestService { process }.serve());
    let answering = calls.for_each(async |call| {
        beside(call);
    });
    // The stream of calls ends only when the last of them is answered, which may be after a long grace: the agent
    // being gone has to be noticed at once.
    tokio::select! {
        () = answering => {}
        () = closed.notified() => {}
    }
    watching.abort();
}

#[derive(Debug, Clone)]
struct LoadTestService {
    process: Arc<Process>,
}

impl LoadTest for LoadTestService {
    async fn describe(self, _: Context) -> Description {
        self.process.describe()
    }

    async fn prepare(self, _: Context, setup: Setup) -> Result<Prepared, Failure> {
        self.process.prepare(setup).await
    }

    async fn split(
        self,
        _: Context,
        workflow: String,
        params: Value,
        agents: u32,
    ) -> Result<Vec<Value>, Failure> {
        self.process.split(&workflow, params, agents)
    }

    async fn run(self, _: Context, release: Release) -> Result<Accepted, Failure> {
        self.process.run(release).await
    }

    async fn params(self, _: Context, params: Value) -> Result<(), Failure> {
        self.process.params(params).await
    }

    async fn stop(self, _: Context, grace_ns: u64) -> Stopped {
        self.process.stop(Duration::from_nanos(grace_ns)).await
    }

    async fn cleanup(self, _: Context) -> Result<(), Failure> {
        self.process.cleanup().await
    }
}

/// A transport that signals the end of its reading half.
struct WatchedTransport<T> {
    inner: T,
    closed: Rc<Notify>,
}

impl<T, Item> Stream for WatchedTransport<T>
where
    T: Stream<Item = io::Result<Item>> + Unpin,
{
    type Item = io::Result<Item>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<io::Result<Item>>> {
        let polled = self.inner.poll_next_unpin(task);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.closed.notify_one();
        }
        polled
    }
}

impl<T, Item> Sink<Item> for WatchedTransport<T>
where
    T: Sink<Item, Error = io::Error> + Unpin,
{
    type Error = io::Error;

    fn poll_ready(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_ready(task)
    }

    fn start_send(mut self: Pin<&mut Self>, item: Item) -> io::Result<()> {
        Pin::new(&mut self.inner).start_send(item)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(task)
    }

    fn poll_close(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(task)
    }
}
