//! A TCP proxy that injects faults between two parts of a test: nothing arrives, everything is reset, late or slow, or
//! one side is gone without the other being told.
//!
//! It works above the kernel's TCP: to a peer, a black hole is a connection that is accepted and stays silent, not one
//! whose packets vanish.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// The most that is read at once; also what a throttled connection may send at a time.
const CHUNK_BYTES: usize = 16 << 10;

/// How often a throttled connection sends.
const THROTTLE_STEP: Duration = Duration::from_millis(20);

/// What a proxy does with its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyFault {
    /// Passes everything on.
    #[default]
    None,
    /// Passes nothing on and accepts new connections silently. What was held back arrives when the fault ends.
    BlackHole,
    /// Resets all connections, and new ones as soon as they are accepted.
    Reset,
    /// Passes everything on this much later, in both directions.
    Delay(Duration),
    /// Passes on this many bytes a second, for each connection and direction.
    Throttle(u64),
    /// The upstream side of each connection is closed, and the other side is not told: what it sends vanishes. So it
    /// stays for these connections even when the fault ends.
    HalfOpen,
}

/// A running proxy; its threads and connections end when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    fault: Option<watch::Sender<ProxyFault>>,
    accepted: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl FaultProxy {
    /// Starts a proxy on a port of its own; nothing needs to listen at `upstream` yet.
    ///
    /// # Panics
    /// When no port or no thread is left.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        listener.set_nonblocking(true).expect("a listener can be polled");
        let (fault, faults) = watch::channel(ProxyFault::None);
        let accepted = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&accepted);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime of one thread");
        let thread = thread::Builder::new()
            .name("fault-proxy".to_owned())
            .spawn(move || {
                // Dropping the runtime ends all connections.
                let _ = runtime.block_on(accept(listener, upstream, faults, &count));
            })
            .expect("a thread");
        Self {
            address,
            fault: Some(fault),
            accepted,
            thread: Some(thread),
        }
    }

    /// Where to connect to instead of the upstream address.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `http://ADDRESS`, as flags such as `--collector` take it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the fault of all connections, those that exist and those to come.
    pub fn set(&self, fault: ProxyFault) {
        if let Some(sender) = &self.fault {
            sender.send_replace(fault);
        }
    }

    /// Ends the fault.
    pub fn heal(&self) {
        self.set(ProxyFault::None);
    }

    /// How many connections it has accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.fault = None;
        if let Some(thread) = self.thread.take() {
            // It ends with its sender; a panic of it has been printed.
            let _ = thread.join();
        }
    }
}

type Faults = watch::Receiver<ProxyFault>;

async fn accept(
    listener: TcpListener,
    upstream: SocketAddr,
    mut faults: Faults,
    accepted: &AtomicU64,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let of_connections = faults.clone();
    loop {
        let client = tokio::select! {
            client = listener.accept() => client,
            changed = faults.changed() => match changed {
                Ok(()) => continue,
                // The proxy was dropped.
                Err(_) => return Ok(()),
            },
        };
        let Ok((client, _)) = client else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        accepted.fetch_add(1, Ordering::Relaxed);
        let _ = client.set_nodelay(true);
        tokio::spawn(connect(client, upstream, of_connections.clone()));
    }
}

async fn connect(mut client: TcpStream, upstream: SocketAddr, mut faults: Faults) {
    loop {
        let fault = *faults.borrow_and_update();
        match fault {
            ProxyFault::Reset => return reset(&client),
            ProxyFault::HalfOpen => return swallow(&mut client).await,
            ProxyFault::BlackHole => {
                if faults.changed().await.is_err() {
                    return;
                }
            }
            ProxyFault::None | ProxyFault::Delay(_) | ProxyFault::Throttle(_) => break,
        }
    }
    let Ok(server) = TcpStream::connect(upstream).await else {
        return reset(&client);
    };
    let _ = server.set_nodelay(true);
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut faults_of_answers = faults.clone();
    let outcome = both(
        pass_on(&mut from_client, &mut to_server, &mut faults),
        pass_on(&mut from_server, &mut to_client, &mut faults_of_answers),
    )
    .await;
    // What the peers are told depends on how the passing ended.
    let (Ok(mut client), Ok(server)) = (from_client.reunite(to_client), from_server.reunite(to_server))
    else {
        return;
    };
    match outcome {
        PassOutcome::HalfOpen => {
            drop(server);
            swallow(&mut client).await;
        }
        PassOutcome::Reset => {
            reset(&client);
            reset(&server);
        }
        PassOutcome::Ended => {}
    }
}

/// Waits for both directions, or for the first that breaks: when a peer is gone, the other may have nothing to send for ever.
async fn both(
    requests: impl Future<Output = PassOutcome>,
    answers: impl Future<Output = PassOutcome>,
) -> PassOutcome {
    let (mut requests, mut answers) = (pin!(requests), pin!(answers));
    let first = tokio::select! {
        outcome = &mut requests => (outcome, true),
        outcome = &mut answers => (outcome, false),
    };
    match first {
        (PassOutcome::Ended, true) => answers.await,
        (PassOutcome::Ended, false) => requests.await,
        (broken, _) => broken,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PassOutcome {
    /// The sender closed its side, and the receiver was told.
    Ended,
    Reset,
    HalfOpen,
}

/// Passes one direction on until its end or a fault that ends it.
async fn pass_on(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, faults: &mut Faults) -> PassOutcome {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let fault = *faults.borrow_and_update();
        let room = match fault {
            ProxyFault::Reset => return PassOutcome::Reset,
            ProxyFault::HalfOpen => return PassOutcome::HalfOpen,
            ProxyFault::BlackHole => {
                if faults.changed().await.is_err() {
                    return PassOutcome::Reset;
                }
                continue;
            }
            ProxyFault::Throttle(bytes_per_s) => throttled_bytes(bytes_per_s),
            ProxyFault::None | ProxyFault::Delay(_) => CHUNK_BYTES,
        };
        let read = tokio::select! {
            read = from.read(&mut buffer[..room]) => read,
            changed = faults.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return PassOutcome::Reset,
            },
        };
        let count = match read {
            Ok(0) => {
                let _ = to.shutdown().await;
                return wait_for_ending_fault(faults).await;
            }
            Ok(count) => count,
            Err(_) => return PassOutcome::Reset,
        };
        if let Some(ended) = hold_back(count, faults).await {
            return ended;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return PassOutcome::Reset;
        }
    }
}

/// One direction has ended; the other may go on.
async fn wait_for_ending_fault(faults: &Faults) -> PassOutcome {
    match *faults.borrow() {
        ProxyFault::HalfOpen => PassOutcome::HalfOpen,
        ProxyFault::Reset => PassOutcome::Reset,
        _ => PassOutcome::Ended,
    }
}

/// Waits as long as the fault wants before what was read is passed on; returns how the passing ends, if it does.
async fn hold_back(count: usize, faults: &mut Faults) -> Option<PassOutcome> {
    let read_at = Instant::now();
    loop {
        let fault = *faults.borrow_and_update();
        let until = match fault {
            ProxyFault::None => return None,
            ProxyFault::Reset => return Some(PassOutcome::Reset),
            ProxyFault::HalfOpen => return Some(PassOutcome::HalfOpen),
            ProxyFault::Delay(delay) => read_at + delay,
            ProxyFault::Throttle(bytes_per_s) => {
                read_at + Duration::from_secs_f64(count as f64 / bytes_per_s.max(1) as f64)
            }
            ProxyFault::BlackHole => read_at + Duration::from_secs(86_400),
        };
        tokio::select! {
            () = sleep_until(until) => return None,
            changed = faults.changed() => if changed.is_err() { return Some(PassOutcome::Reset) },
        }
    }
}

fn throttled_bytes(bytes_per_s: u64) -> usize {
    let bytes = bytes_per_s as f64 * THROTTLE_STEP.as_secs_f64();
    (bytes as usize).clamp(1, CHUNK_BYTES)
}

/// Reads whatever still comes, answers nothing, and never closes.
async fn swallow(client: &mut TcpStream) {
    let mut buffer = vec![0; CHUNK_BYTES];
    while client.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}

/// Closes with RST instead of FIN.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

#[cfg(test)]
mod tests;
