//! The target of requests.

use std::net::TcpListener;

use heavy_demo_target::{Handle, Options, Target};

/// A target and its base URL.
pub(crate) fn start() -> (Handle, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let handle = Target::start(listener, Options::default()).unwrap();
    let url = format!("http://{}", handle.addr());
    (handle, url)
}
