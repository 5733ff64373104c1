//! A small HTTP/1.1 server, also over TLS, that answers as a test says and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// The values of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<&str> {
        let values = self.headers.iter().filter(|(known, _)| known == name);
        values.map(|(_, value)| &**value).collect()
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedAnswer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl ScriptedAnswer {
    /// An answer without headers and with an empty body.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

type Script = Arc<dyn Fn(&ReceivedRequest) -> ScriptedAnswer + Send + Sync>;

/// The server. Its threads end with the test process.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    scheme: &'static str,
    received: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl ScriptedServer {
    /// A server on a port of its own.
    pub fn start(script: impl Fn(&ReceivedRequest) -> ScriptedAnswer + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(script))
    }

    /// The same over TLS.
    pub fn start_tls(
        config: ServerConfig,
        script: impl Fn(&ReceivedRequest) -> ScriptedAnswer + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(Arc::new(config)), Arc::new(script))
    }

    fn listen(tls: Option<Arc<ServerConfig>>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = Self {
            address: listener.local_addr().expect("a listener has an address"),
            scheme: if tls.is_some() { "https" } else { "http" },
            received: Arc::default(),
        };
        let received = Arc::clone(&server.received);
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (tls, script, received) = (tls.clone(), Arc::clone(&script), Arc::clone(&received));
                thread::spawn(move || serve_connection(stream, tls, &script, &received));
            }
        });
        server
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Its address and port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        locked(&self.received).clone()
    }
}

fn locked(received: &Mutex<Vec<ReceivedRequest>>) -> MutexGuard<'_, Vec<ReceivedRequest>> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve_connection(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    script: &Script,
    received: &Mutex<Vec<ReceivedRequest>>,
) {
    // A small answer goes at once.
    let _ = stream.set_nodelay(true);
    match tls {
        None => exchange_all(&mut stream, script, received),
        Some(config) => {
            let Ok(connection) = ServerConnection::new(config) else {
                return;
            };
            exchange_all(&mut StreamOwned::new(connection, stream), script, received);
        }
    }
}

fn exchange_all(stream: &mut (impl Read + Write), script: &Script, received: &Mutex<Vec<ReceivedRequest>>) {
    let mut bytes = Vec::new();
    while let Some(request) = next_request(stream, &mut bytes) {
        let answer = script(&request);
        locked(received).push(request);
        let length = answer.body.len();
        let mut head = format!(
            "HTTP/1.1 {} Scripted\r\ncontent-length: {length}\r\n",
            answer.status
        );
        for (name, value) in &answer.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut whole = head.into_bytes();
        whole.extend(answer.body);
        if stream.write_all(&whole).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

/// Takes the next request off `bytes`, reading more as needed; none at the end of the connection.
fn next_request(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Option<ReceivedRequest> {
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        read_more(stream, bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let mut request = ReceivedRequest {
        method: first.next()?.to_owned(),
        path: first.next()?.to_owned(),
        ..ReceivedRequest::default()
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let header = (name.to_ascii_lowercase(), value.trim().to_owned());
        request.headers.push(header);
    }
    let length = request
        .header("content-length")
        .first()
        .map_or(Ok(0), |text| text.parse());
    let end = head_end + length.ok()?;
    while bytes.len() < end {
        read_more(stream, bytes)?;
    }
    request.body = bytes[head_end..end].to_vec();
    bytes.drain(..end);
    Some(request)
}

fn read_more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4_096];
    match stream.read(&mut buffer) {
        Ok(0) | Err(_) => None,
        Ok(length) => {
            bytes.extend_from_slice(&buffer[..length]);
            Some(())
        }
    }
}
