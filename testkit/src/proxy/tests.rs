//! Each fault as a peer sees it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::*;

/// A server that echoes everything, and counts its connections that have ended.
fn echo() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ended = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&ended);
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                let (mut from, mut to) = (stream.try_clone().unwrap(), stream);
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Both);
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    (address, ended)
}

fn connected(proxy: &FaultProxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.addr()).unwrap();
    assert_eq!(exchange(&mut stream, b"hello").unwrap(), b"hello");
    stream
}

fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(bytes)?;
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn is_silent(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let silent = match stream.read(&mut [0; 1]) {
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        Ok(_) => false,
    };
    stream.set_read_timeout(None).unwrap();
    silent
}

#[test]
fn a_black_hole_holds_back_what_arrives_when_it_ends() {
    let proxy = FaultProxy::start(echo().0);
    let mut old = connected(&proxy);
    proxy.set(ProxyFault::BlackHole);
    let mut new = TcpStream::connect(proxy.addr()).unwrap();
    for stream in [&mut old, &mut new] {
        stream.write_all(b"late").unwrap();
        assert!(is_silent(stream));
    }
    proxy.heal();
    for stream in [&mut old, &mut new] {
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"late");
    }
    assert_eq!(proxy.accepted(), 2);
}

#[test]
fn a_reset_ends_old_and_new_connections_with_an_error() {
    let proxy = FaultProxy::start(echo().0);
    let mut old = connected(&proxy);
    proxy.set(ProxyFault::Reset);
    assert_eq!(
        old.read(&mut [0; 1]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    let mut new = TcpStream::connect(proxy.addr()).unwrap();
    assert!(exchange(&mut new, b"x").is_err());
    proxy.heal();
    connected(&proxy);
}

#[test]
fn a_peer_that_is_gone_with_an_error_ends_the_other_side() {
    let (upstream, ended) = echo();
    let proxy = FaultProxy::start(upstream);
    let mut dies = connected(&proxy);
    // Closing with an answer unread resets the connection, as the kernel does for a process that was killed.
    dies.write_all(b"unread").unwrap();
    let mut first = [0; 1];
    assert_eq!(dies.peek(&mut first).unwrap(), 1);
    drop(dies);
    crate::eventually("the upstream side to end", Duration::from_secs(10), || {
        (ended.load(Ordering::Relaxed) == 1).then_some(())
    });
}

#[test]
fn a_half_open_connection_is_closed_upstream_and_never_here() {
    let (upstream, ended) = echo();
    let proxy = FaultProxy::start(upstream);
    let mut old = connected(&proxy);
    proxy.set(ProxyFault::HalfOpen);
    crate::eventually("the upstream side to end", Duration::from_secs(10), || {
        (ended.load(Ordering::Relaxed) == 1).then_some(())
    });
    proxy.heal();
    old.write_all(b"into the void").unwrap();
    assert!(is_silent(&mut old));
    connected(&proxy);
}

#[test]
fn a_delay_and_a_throttle_take_their_time_and_lose_nothing() {
    let proxy = FaultProxy::start(echo().0);
    let mut stream = connected(&proxy);
    proxy.set(ProxyFault::Delay(Duration::from_millis(50)));
    let start = std::time::Instant::now();
    exchange(&mut stream, b"x").unwrap();
    assert!(start.elapsed() >= Duration::from_millis(100), "both directions");
    proxy.set(ProxyFault::Throttle(100_000));
    let start = std::time::Instant::now();
    let bytes: Vec<u8> = (0..20_000_u32).map(|n| n as u8).collect();
    assert_eq!(exchange(&mut stream, &bytes).unwrap(), bytes);
    assert!(start.elapsed() >= Duration::from_millis(180));
}
