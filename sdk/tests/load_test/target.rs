//! The target of requests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::{iter, thread};

use heavy_demo_target::{Handle, Options, Target};

/// A target and its base URL.
pub(crate) fn start() -> (Handle, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let handle = Target::start(listener, Options::default()).unwrap();
    let url = format!("http://{}", handle.addr());
    (handle, url)
}

/// A target that answers everything with 204 and hands out the head of each request that it got.
pub(crate) fn listening() -> (mpsc::Receiver<String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heads, heard) = mpsc::sync_channel(64);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let heads = heads.clone();
            thread::spawn(move || answer(stream.unwrap(), &heads));
        }
    });
    (heard, url)
}

fn answer(mut stream: TcpStream, heads: &mpsc::SyncSender<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(first)) = lines.next() {
        let rest = lines
            .by_ref()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty());
        let head: Vec<_> = iter::once(first).chain(rest).collect();
        // The test may be over.
        let _ = heads.send(head.join("\n"));
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    }
}
