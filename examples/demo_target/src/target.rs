//! The running target: its threads, and the handle that stops them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::connection;
use crate::options::{Behaviour, Options, Placed};
use crate::state::State;
use crate::stats::Stats;

/// Pause after a failed accept, for example without free file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Why a target did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listener is not on a loopback address.
    #[error("{0} is not a loopback address: the demo target serves only this machine; listen on 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// The listener failed, or a thread did not start.
    #[error("cannot serve on the listener: {0}")]
    Io(#[from] io::Error),
}

/// The demo target.
#[derive(Debug)]
pub struct Target;

impl Target {
    /// Serves on a bound loopback listener, in its own threads, until the handle is dropped.
    ///
    /// ```
    /// use heavy_demo_target::{Options, Target};
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let target = Target::start(listener, Options::default())?;
    /// assert!(target.addr().port() > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the listener is not on a loopback address, or threads cannot be started.
    pub fn start(listener: TcpListener, options: Options) -> Result<Handle, Error> {
        let addr = listener.local_addr()?;
        if !addr.ip().is_loopback() {
            return Err(Error::NotLoopback(addr));
        }
        listener.set_nonblocking(true)?;
        let threads = options.threads.max(1);
        let state = Arc::new(State::new(&options, threads));
        let (stop, stopped) = watch::channel(());
        // Created first, so that a failure drops it and stops the threads already running.
        let mut handle = Handle {
            addr,
            state: state.clone(),
            stop: Some(stop),
            threads: Vec::with_capacity(threads),
        };
        for thread in 0..threads {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let (listener, state, stopped) = (listener.try_clone()?, state.clone(), stopped.clone());
            let body = move || runtime.block_on(accept(listener, state, thread, stopped));
            let name = format!("demo-target-{thread}");
            handle
                .threads
                .push(std::thread::Builder::new().name(name).spawn(body)?);
        }
        Ok(handle)
    }
}

/// A running target. Dropping it stops the server and closes its connections.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    state: Arc<State>,
    /// Closing it stops the threads.
    stop: Option<watch::Sender<()>>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Handle {
    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The current counts.
    pub fn stats(&self) -> Stats {
        self.state.counters.stats()
    }

    /// CLOCK_MONOTONIC in ns of every recorded arrival, ascending.
    pub fn arrivals_ns(&self) -> Vec<u64> {
        self.state.counters.arrivals()
    }

    /// Changes the behaviour.
    pub fn behave(&self, behaviour: Behaviour) {
        self.state.behave(Placed::new(behaviour, Instant::now()));
    }

    /// Stops the server and waits until its port is free.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop = None;
        for thread in self.threads.drain(..) {
            // A thread that failed or panicked has stopped as well.
            let _ = thread.join();
        }
    }
}

/// Accepts connections until the handle is dropped; accepted connections end with the thread's runtime.
async fn accept(
    listener: TcpListener,
    state: Arc<State>,
    thread: usize,
    mut stopped: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return Ok(()),
        };
        match accepted {
            Ok((stream, _)) => {
                state.counters.accepted();
                // A response in several writes must not wait for the peer's acknowledgement.
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection::serve(stream, state.clone(), thread));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
