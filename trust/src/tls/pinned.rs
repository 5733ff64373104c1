//! TLS between two programs that have the same key: each takes the other's certificate only if it is its own.

use std::sync::Arc;

use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, DistinguishedName, Error, ServerConfig};

use super::signatures::tls13_signatures;
use crate::home::HomeKey;

/// HTTP over these connections.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The listener's side.
pub(crate) fn server(key: &HomeKey) -> Result<ServerConfig, Error> {
    let same = Arc::new(SameCertificate::of(key));
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&same.provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(same)
        .with_single_cert(vec![key.certificate().clone()], key.private_key().into())?;
    config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    // One is enough to tell the other side that it was accepted.
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// The connecting side, for HTTP/2.
pub(crate) fn client(key: &HomeKey) -> Result<ClientConfig, Error> {
    let same = Arc::new(SameCertificate::of(key));
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&same.provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(same)
        .with_client_auth_cert(vec![key.certificate().clone()], key.private_key().into())?;
    config.alpn_protocols = vec![PROTOCOLS[0].to_vec()];
    // A server that was restarted, or is another one now, has to prove itself anew.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Takes one certificate. Whoever shows it must also sign with its key.
#[derive(Debug)]
pub(crate) struct SameCertificate {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl SameCertificate {
    pub(crate) fn of(key: &HomeKey) -> Self {
        Self {
            certificate: key.certificate().clone(),
            provider: Arc::new(ring::default_provider()),
        }
    }

    fn is_it(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        if *shown == self.certificate {
            Ok(())
        } else {
            // The alert of this one is `access_denied`.
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }
}

impl ServerCertVerifier for SameCertificate {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.is_it(shown).map(|()| ServerCertVerified::assertion())
    }

    tls13_signatures!();
}

impl ClientCertVerifier for SameCertificate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.is_it(shown).map(|()| ClientCertVerified::assertion())
    }

    tls13_signatures!();
}
