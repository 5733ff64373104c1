//! The smallest HTTP client: one request on a connection of its own. For what a test asks of a server on the
//! side; load comes from the real thing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawResponse {
    /// Status code.
    pub status: u16,
    /// Header lines as they came, status line first.
    pub head: String,
    /// The body, with any chunked coding taken off.
    pub body: Vec<u8>,
}

impl RawResponse {
    /// The body as text.
    ///
    /// # Panics
    /// When it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }
}

/// Sends GET and reads the answer.
///
/// # Panics
/// When the server cannot be reached within 30 s or does not speak HTTP/1.1.
#[track_caller]
pub fn get(addr: SocketAddr, path: &str) -> RawResponse {
    send(addr, "GET", path, "").unwrap_or_else(|error| panic!("GET http://{addr}{path}: {error}"))
}

/// Sends POST with a JSON body and reads the answer.
///
/// # Panics
/// As [`get`].
#[track_caller]
pub fn post(addr: SocketAddr, path: &str, json: &str) -> RawResponse {
    send(addr, "POST", path, json).unwrap_or_else(|error| panic!("POST http://{addr}{path}: {error}"))
}

/// Sends any request with a JSON body (empty: none) and reads the answer.
///
/// # Errors
/// When connecting, sending or reading fails, and when the answer is not HTTP/1.1.
pub fn send(addr: SocketAddr, method: &str, path: &str, json: &str) -> std::io::Result<RawResponse> {
    let mut stream = TcpStream::connect_timeout(&addr, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let content = if json.is_empty() {
        String::new()
    } else {
        format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            json.len()
        )
    };
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n{content}\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(json.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| {
        let text = String::from_utf8_lossy(&answer);
        std::io::Error::other(format!("no HTTP/1.1 answer: {text:?}"))
    })
}

fn parse(answer: &[u8]) -> Option<RawResponse> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let rest = &answer[end + 4..];
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(rest)? } else { rest.to_vec() };
    Some(RawResponse { status, head, body })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.trim(), 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + length)?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_is_put_together() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let response = parse(answer).unwrap();
        assert_eq!((response.status, response.text()), (200, "abcde"));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert_eq!(parse(b"SSH-2.0-OpenSSH\r\n\r\n"), None);
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
