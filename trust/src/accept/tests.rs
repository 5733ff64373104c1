//! Both sides over real sockets: who has the same key passes, and everybody else is refused with a message that names the key.

use std::sync::Arc;

use http::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;
use crate::connect::{ConnectError, Connector, HttpRoute};
use crate::peer::{Peer, Who};
use crate::tls::SameCertificate;

struct Keys {
    temp: TempDir,
}

impl Keys {
    fn new() -> Self {
        Self {
            temp: tempfile::tempdir().unwrap(),
        }
    }

    /// That of a user, who has several programs.
    fn of(&self, user: &str) -> Trust {
        Trust::with_home_key(&self.temp.path().join(user))
    }
}

async fn listen(trust: &Trust) -> (Incoming, Uri) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (Incoming::on(listener, trust).unwrap(), url.parse().unwrap())
}

fn address(url: &Uri) -> String {
    url.authority().unwrap().to_string()
}

async fn refused(trust: &Trust, url: &Uri) -> ConnectError {
    Connector::new(trust.clone()).connect(url).await.unwrap_err()
}

/// Nobody has come but the peer that comes now.
async fn only_one_comes(incoming: &mut Incoming, trust: &Trust, url: &Uri) {
    let made = Connector::new(trust.clone()).connect(url).await.unwrap();
    assert_eq!(incoming.next().await.unwrap().peer, Peer::home());
    drop(made);
    assert!(incoming.arrivals.try_recv().is_err());
}

#[tokio::test]
async fn programs_of_one_user_talk() {
    let keys = Keys::new();
    let (mut incoming, url) = listen(&keys.of("ann")).await;
    let mut client = Connector::new(keys.of("ann")).connect(&url).await.unwrap();
    let mut arrival = incoming.next().await.unwrap();
    assert_eq!(arrival.peer, Peer::home());
    let sent = vec![7; 1 << 20];
    let (sending, received) = tokio::join!(
        async {
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            answer
        },
        async {
            let mut received = Vec::new();
            arrival.stream.read_to_end(&mut received).await.unwrap();
            arrival.stream.write_all(b"taken").await.unwrap();
            arrival.stream.shutdown().await.unwrap();
            received
        }
    );
    assert_eq!((sending.as_str(), received.len()), ("taken", sent.len()));
}

#[tokio::test]
async fn another_user_is_refused_and_learns_why() {
    let keys = Keys::new();
    let (mut incoming, url) = listen(&keys.of("ann")).await;
    let error = refused(&keys.of("ben"), &url).await;
    // Ben's program sees first that this is not Ben's.
    assert!(matches!(error, ConnectError::Stranger { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("home key") && text.contains("/ben"), "{text}");
    only_one_comes(&mut incoming, &keys.of("ann"), &url).await;
}

/// TLS that shows `shown`, or nothing, and takes any server.
fn careless(keys: &Keys, shown: Option<&str>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty());
    let mut config = match shown.map(|user| keys.of(user).home().unwrap()) {
        None => builder.with_no_client_auth(),
        Some(home) => builder
            .with_client_auth_cert(
                vec![home.key.certificate().clone()],
                home.key.private_key().into(),
            )
            .unwrap(),
    };
    // As if it knew that it talks to Ann.
    let ann = keys.of("ann").home().unwrap();
    config
        .dangerous()
        .set_certificate_verifier(Arc::new(SameCertificate::of(&ann.key)));
    config
}

#[tokio::test]
async fn who_does_not_show_the_key_is_told_with_an_alert() {
    let keys = Keys::new();
    let (mut incoming, url) = listen(&keys.of("ann")).await;
    for (shown, expected) in [(None, "CertificateRequired"), (Some("ben"), "AccessDenied")] {
        let config = Arc::new(careless(&keys, shown));
        let stream = TcpStream::connect(address(&url)).await.unwrap();
        let name = ServerName::try_from(crate::home::HOME).unwrap();
        let mut client = TlsConnector::from(config).connect(name, stream).await.unwrap();
        // It sends without waiting, as an HTTP/2 client does, and still reads why it is refused.
        client.write_all(&vec![0; 100_000]).await.unwrap();
        let error = client.read_u8().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    only_one_comes(&mut incoming, &keys.of("ann"), &url).await;
}

#[tokio::test]
async fn a_route_explains_what_its_http_client_meets() {
    let keys = Keys::new();
    let (_incoming, url) = listen(&keys.of("ann")).await;
    let route = HttpRoute::to(&url, &keys.of("ben")).await.unwrap();
    assert!(route.base.starts_with("https://home.heavy:"), "{}", route.base);
    let stream = TcpStream::connect(route.addresses[0]).await.unwrap();
    let name = ServerName::try_from(route.host).unwrap();
    let error = TlsConnector::from(Arc::new(route.tls.clone()))
        .connect(name, stream)
        .await
        .unwrap_err();
    let said = route.explain(&error).unwrap().to_string();
    assert!(said.contains("does not have the home key"), "{said}");
    assert!(route.explain(&std::io::Error::other("x")).is_none());
}

#[tokio::test]
async fn plain_connections_have_proved_nothing() {
    let keys = Keys::new();
    let (mut incoming, url) = listen(&keys.of("ann")).await;
    for first in [&b"GET / HTTP/1.1\r\n"[..], b"PRI * HTTP/2.0", b"\0", b"\xff\xff"] {
        let mut client = TcpStream::connect(address(&url)).await.unwrap();
        client.write_all(first).await.unwrap();
        let mut arrival = incoming.next().await.unwrap();
        assert_eq!(arrival.peer.who, Who::Nobody);
        let mut received = vec![0; first.len()];
        arrival.stream.read_exact(&mut received).await.unwrap();
        assert_eq!(received, first, "the first byte is still there");
    }
}

#[tokio::test]
async fn what_only_begins_like_tls_is_closed() {
    let keys = Keys::new();
    let (mut incoming, url) = listen(&keys.of("ann")).await;
    for rest in [&[0x16; 600][..], b"\x16\x03\x01\x00\x02\x01\x00"] {
        let mut client = TcpStream::connect(address(&url)).await.unwrap();
        client.write_all(rest).await.unwrap();
        let _ = client.shutdown().await;
        // At most an alert.
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        assert!(answer.len() < 16, "{answer:?}");
    }
    only_one_comes(&mut incoming, &keys.of("ann"), &url).await;
}

#[tokio::test]
async fn a_squatter_on_the_port_gets_nothing() {
    let keys = Keys::new();
    // It answers TLS, with a key of its own, and takes any client.
    let squatter = keys.of("ben").home().unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![squatter.key.certificate().clone()],
                squatter.key.private_key().into(),
            )
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Uri = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let squatting = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let taken = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
        taken.map(|_| ()).unwrap_err().to_string()
    });
    let error = refused(&keys.of("ann"), &url).await;
    assert!(matches!(error, ConnectError::Stranger { .. }), "{error}");
    let seen = squatting.await.unwrap();
    assert!(seen.contains("AccessDenied"), "{seen}");
}

#[tokio::test]
async fn who_answers_in_plain_text_or_not_at_all_is_not_believed() {
    let keys = Keys::new();
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Uri = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        });
        let error = refused(&keys.of("ann"), &url).await;
        assert!(matches!(error, ConnectError::NotTls { .. }), "{error}");
        assert!(error.to_string().contains("/ann"), "{error}");
        drop(answering);
    }
    let nobody: Uri = "http://127.0.0.1:1".parse().unwrap();
    let error = refused(&keys.of("ann"), &nobody).await;
    assert!(error.to_string().contains("refused (os error"), "{error}");
    let beyond: Uri = "http://192.0.2.1:7700".parse().unwrap();
    let error = refused(&keys.of("ann"), &beyond).await;
    assert!(
        error.to_string().contains("192.0.2.1:7700 is not on this host"),
        "{error}"
    );
}

#[tokio::test]
async fn those_who_say_nothing_keep_nobody_out() {
    let keys = Keys::new();
    let (mut incoming, url) = listen(&keys.of("ann")).await;
    let mut silent = Vec::new();
    for n in 0..3 * MOST_HANDSHAKES {
        let mut client = TcpStream::connect(address(&url)).await.unwrap();
        // Some of them in the middle of a handshake.
        if n % 2 == 0 {
            client.write_all(&[0x16, 3, 1]).await.unwrap();
        }
        silent.push(client);
    }
    only_one_comes(&mut incoming, &keys.of("ann"), &url).await;
    // The oldest gave way.
    let closed = silent[0].read(&mut [0; 16]).await;
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_closed_in_the_end() {
    let keys = Keys::new();
    let (_incoming, url) = listen(&keys.of("ann")).await;
    let before = tokio::time::Instant::now();
    let mut client = TcpStream::connect(address(&url)).await.unwrap();
    let closed = client.read(&mut [0; 16]).await;
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    assert!(before.elapsed() >= greeting::HANDSHAKE_LIMIT);
}
