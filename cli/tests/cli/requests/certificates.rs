//! Certificates of `heavy run URL`: whom it trusts, and what it presents.

use std::sync::Arc;

use heavy_testkit::ScriptedServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::{FAILED, Place, RAN, ok};

/// An authority, a server that it vouches for, and a client certificate with its key.
struct Authority {
    pem: String,
    server: ServerConfig,
    client: (String, String),
}

impl Authority {
    /// `asks`: whether the server demands a client certificate.
    fn new(asks: bool) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let signed = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &issuer).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (certificate, key) = signed("127.0.0.1");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            roots.add(issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        Self {
            pem: issuer.pem(),
            server: builder.with_single_cert(chain, key).unwrap(),
            client: signed("a client"),
        }
    }
}

#[test]
fn servers_are_trusted_as_flags_say() {
    let authority = Authority::new(false);
    let place = Place::new();
    place.write("ca.pem", &authority.pem);
    let server = ScriptedServer::start_tls(authority.server, ok);
    let refused = place.run(&server.url("/"), &[]);
    assert!(FAILED.contains(&refused.code), "{refused:?}");
    assert_eq!(place.sql("SELECT DISTINCT error_kind FROM requests"), "tls");
    for flags in [&["--insecure"][..], &["-k"], &["--cacert", "ca.pem"]] {
        let ran = place.run(&server.url("/"), flags);
        assert!(RAN.contains(&ran.code), "{flags:?}: {ran:?}");
    }
    assert_eq!(server.received().len(), 9);
}

#[test]
fn a_client_certificate_is_presented_and_its_key_is_not_stored() {
    let authority = Authority::new(true);
    let (certificate, key) = &authority.client;
    let place = Place::new();
    place.write("ca.pem", &authority.pem);
    place.write("client.pem", certificate);
    place.write("client.key", key);
    place.write("both.pem", format!("{key}{certificate}"));
    let server = ScriptedServer::start_tls(authority.server, ok);
    let trusted = ["--cacert", "ca.pem"];
    let refused = place.run(&server.url("/"), &trusted);
    assert!(FAILED.contains(&refused.code), "{refused:?}");
    for flags in [
        &["--cert", "client.pem", "--key", "client.key"][..],
        &["--cert", "both.pem"],
    ] {
        let ran = place.run(&server.url("/"), &[&trusted, flags].concat());
        assert!(RAN.contains(&ran.code), "{flags:?}: {ran:?}");
    }
    assert_eq!(server.received().len(), 6);
    let line = key.lines().nth(1).unwrap();
    assert_eq!(place.files_with(line), [""; 0], "the key is stored");
}
