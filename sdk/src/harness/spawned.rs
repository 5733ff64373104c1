//! A load test that takes orders over RPC: spawned by an agent, or listening for one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use heavy_plugin::hello::Hello;
use tokio::net::{TcpListener, UnixStream};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

use super::printed::Printed;
use super::process::Process;
use super::shared::{HarnessOptions, SDK};
use super::workflow::Workflow;
use super::writer::Writer;
use super::{panics, rpc, stdio};

/// How long iterations may take to be cut off once the agent is gone, and then the last lines to get out: the process
/// is killed 700 ms after its agent.
const LAST_STOP: Duration = Duration::from_millis(250);
const LAST_FLUSH: Duration = Duration::from_millis(250);

/// Serves the agent at the other end of stdin until it is gone.
pub(crate) fn serve_stdin(workflows: Vec<Workflow>, options: HarnessOptions) -> io::Result<()> {
    let socket = stdio::take_stdin_socket().map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("HEAVY_RPC_FD says that stdin is a socket, but it is not: {error}"),
        )
    })?;
    let (process, printed) = start(workflows, options)?;
    runtime()?.block_on(async {
        rpc::serve(Box::new(UnixStream::from_std(socket)?), Arc::clone(&process)).await;
        wind_up(&process, printed).await;
        Ok(())
    })
}

/// Listens at an address until an agent that prepared a job has come and gone.
pub(crate) fn serve_address(
    workflows: Vec<Workflow>,
    options: HarnessOptions,
    address: SocketAddr,
) -> io::Result<()> {
    let runtime = runtime()?;
    let bound = runtime.block_on(TcpListener::bind(address));
    let listener = bound
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen at {address}: {error}")))?;
    let (process, printed) = start(workflows, options)?;
    runtime.block_on(async {
        while !process.is_prepared() {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            rpc::serve(Box::new(stream), Arc::clone(&process)).await;
        }
        wind_up(&process, printed).await;
        Ok(())
    })
}

/// Takes stdout for results, says hello, and sends what is printed the same way.
fn start(workflows: Vec<Workflow>, options: HarnessOptions) -> io::Result<(Arc<Process>, Printed)> {
    panics::shorten_reports();
    let (mut results, printed) = stdio::take_stdout()?;
    let writer = Writer::start(Box::new(move |lines| {
        stdio::write_on_fresh_line(&mut results, lines)
    }))?;
    let mut hello = Hello::new(SDK).to_line().into_bytes();
    hello.push(b'\n');
    writer.hand_over(&mut hello);
    let printed = Printed::forward(printed, Arc::clone(&writer))?;
    Ok((Arc::new(Process::new(workflows, options, writer)), printed))
}

/// Ends what a vanished agent left running, without grace.
async fn wind_up(process: &Process, printed: Printed) {
    // A core that is stuck in the load test's own code does not keep the lines of the others.
    let _ = tokio::time::timeout(LAST_STOP, process.stop(Duration::ZERO)).await;
    let flushed = async {
        printed.end().await;
        process.flush().await;
    };
    // A reader that is neither gone nor reading cannot keep the process alive.
    let _ = tokio::time::timeout(LAST_FLUSH, flushed).await;
}

fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
}
