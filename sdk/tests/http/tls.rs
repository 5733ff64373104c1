//! TLS: who is trusted, and which protocol is agreed on.

use std::sync::Arc;

use heavy_sdk::http::{Engine, EngineConfig, ErrorKind, HttpVersion, TlsOptions, Version};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::support::{Server, get, kind, run};

/// A server's settings, and the PEM of the authority that vouches for it as 127.0.0.1.
pub(crate) fn authority() -> (ServerConfig, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (config, issuer.pem())
}

pub(crate) fn trusting(pem: &str) -> TlsOptions {
    let mut tls = TlsOptions::default();
    tls.add_root_pem(pem.as_bytes()).unwrap();
    tls
}

#[test]
fn the_server_chooses_the_protocol_among_those_offered() {
    for (http_version, expected) in [
        (HttpVersion::Auto, Version::HTTP_2),
        (HttpVersion::Http1, Version::HTTP_11),
        (HttpVersion::Http2, Version::HTTP_2),
    ] {
        run(async move {
            let (config, pem) = authority();
            let server = Server::tls(config).await;
            let engine = Engine::new(EngineConfig {
                http_version,
                tls: trusting(&pem),
                ..EngineConfig::default()
            });
            let url = server.url("/").replace("http:", "https:");
            let first = get(&engine, &url).await;
            assert_eq!(
                (first.status, first.version, &first.error),
                (200, expected, &None)
            );
            assert!(first.phases.tls_ns > 0 && !first.reused);
            let second = get(&engine, &url).await;
            assert_eq!((second.reused, second.phases.tls_ns), (true, 0));
        });
    }
}

#[test]
fn a_burst_to_a_server_whose_protocol_is_unknown_waits_for_the_first_handshake() {
    for alpn in [vec![b"h2".to_vec()], vec![b"http/1.1".to_vec()]] {
        run(async move {
            let (mut config, pem) = authority();
            let many = alpn[0] != b"h2";
            config.alpn_protocols = alpn;
            let server = Server::tls(config).await;
            let engine = Engine::new(EngineConfig {
                tls: trusting(&pem),
                ..EngineConfig::default()
            });
            let url = server.url("/").replace("http:", "https:");
            let exchanges = futures::future::join_all((0..50).map(|_| get(&engine, &url))).await;
            assert!(
                exchanges.iter().all(|exchange| exchange.status == 200),
                "{exchanges:?}"
            );
            assert_eq!(server.seen.connections.get() > 1, many);
        });
    }
}

#[test]
fn an_unknown_authority_is_refused_unless_told_otherwise() {
    run(async {
        let (config, _) = authority();
        let server = Server::tls(config).await;
        let url = server.url("/").replace("http:", "https:");
        let refusing = Engine::new(EngineConfig::default());
        let exchange = get(&refusing, &url).await;
        assert_eq!(kind(&exchange), Some(ErrorKind::Tls), "{exchange:?}");
        assert!(exchange.error.unwrap().message.contains("certificate"));
        let mut tls = TlsOptions::default();
        tls.accept_invalid_certificates(true);
        let accepting = Engine::new(EngineConfig {
            tls,
            ..EngineConfig::default()
        });
        assert_eq!(get(&accepting, &url).await.status, 200);
    });
}

#[test]
fn a_server_without_tls_is_a_tls_error() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig::default());
        let exchange = get(&engine, &server.url("/").replace("http:", "https:")).await;
        assert_eq!(kind(&exchange), Some(ErrorKind::Tls), "{exchange:?}");
    });
}
