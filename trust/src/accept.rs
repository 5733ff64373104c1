//! The listener's side: every connection says who is at its other end before anybody else sees it.
//!
//! The first byte tells TLS from plain HTTP. TLS is for the home key; what is plain comes from this host only and has proved
//! nothing yet. Handshakes go on beside each other and never keep the listener from accepting: each has 10 s, and where there
//! are too many, the oldest is closed.

mod greeting;
mod stream;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::home::HomeError;
use crate::proof::{Home, Trust};
pub use greeting::Arrival;
pub use stream::PeerStream;

/// Handshakes that are under way at once.
const MOST_HANDSHAKES: usize = if cfg!(test) { 16 } else { 1024 };
/// Connections that wait to be taken.
const WAITING: usize = 64;
/// How long to wait when the system gives no connection: out of descriptors, most likely.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections to a listener, each with its [`Peer`](crate::Peer). Dropping it closes the listener.
#[derive(Debug)]
pub struct Incoming {
    arrivals: mpsc::Receiver<Arrival>,
    /// Aborted on drop, with the handshakes that it has.
    _accepting: JoinSet<()>,
}

impl Incoming {
    /// Accepts on `listener`. Call it in a tokio runtime.
    ///
    /// # Errors
    /// When there is no home key.
    pub fn on(listener: TcpListener, trust: &Trust) -> Result<Self, HomeError> {
        let home = trust.home()?;
        let (out, arrivals) = mpsc::channel(WAITING);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, home, out));
        Ok(Self {
            arrivals,
            _accepting: accepting,
        })
    }

    /// The next connection. None if nothing accepts any more, which happens only when the runtime ends.
    pub async fn next(&mut self) -> Option<Arrival> {
        self.arrivals.recv().await
    }
}

async fn accept(listener: TcpListener, home: Arc<Home>, out: mpsc::Sender<Arrival>) {
    let mut handshakes = Handshakes::default();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => handshakes.begin(stream, from, &home, &out),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Without a pause this would spin.
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = handshakes.tasks.join_next() => handshakes.forget_ended(),
        }
    }
}

/// Those that are under way.
#[derive(Debug, Default)]
struct Handshakes {
    tasks: JoinSet<()>,
    /// In the order in which they began.
    oldest: VecDeque<AbortHandle>,
}

impl Handshakes {
    fn begin(&mut self, stream: TcpStream, from: SocketAddr, home: &Arc<Home>, out: &mpsc::Sender<Arrival>) {
        if self.tasks.len() >= MOST_HANDSHAKES {
            self.forget_ended();
            if let Some(oldest) = self.oldest.pop_front() {
                tracing::warn!(
                    "too many connections at once that have not said who they are: closing the oldest"
                );
                oldest.abort();
            }
        }
        let (home, out) = (Arc::clone(home), out.clone());
        let task = async move {
            if let Some(arrival) = greeting::greet(stream, from, &home).await {
                // Nobody takes connections any more.
                let _ = out.send(arrival).await;
            }
        };
        self.oldest.push_back(self.tasks.spawn(task));
    }

    fn forget_ended(&mut self) {
        while self.oldest.front().is_some_and(AbortHandle::is_finished) {
            self.oldest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
