//! The HTTP versions that an engine agrees on and the certificates that it trusts, as settings of rustls.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// The HTTP versions to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// The server chooses during the TLS handshake (ALPN); HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 from the first byte, also without TLS ("prior knowledge").
    Http2,
}

/// The trusted certificates, by default those of Mozilla's list, whatever is installed on the machine; and the certificate
/// that the client presents, by default none.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    roots: Vec<CertificateDer<'static>>,
    accept_invalid_certificates: bool,
    identity: Option<ClientIdentity>,
}

/// The client's certificate with its chain, and the private key.
#[derive(Debug, Clone)]
struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// Why a certificate and a key cannot be presented to servers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not PEM, or no certificate in it.
    #[error("no certificate in the PEM data; expected -----BEGIN CERTIFICATE----- blocks")]
    NoCertificate,
    /// Not PEM, or no private key in it.
    #[error(
        "no private key in the PEM data; expected a -----BEGIN PRIVATE KEY----- block that is not encrypted"
    )]
    NoKey,
    /// The key has an unknown form, or does not belong to the certificate.
    #[error("the certificate and the private key do not match")]
    Mismatch(#[source] rustls::Error),
}

/// Why certificates cannot be used as authorities.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// Not PEM, or no certificate in it.
    #[error("no certificates in the PEM data ({reason}); expected -----BEGIN CERTIFICATE----- blocks")]
    NotPem {
        /// The parser's message.
        reason: String,
    },
    /// A certificate that cannot be an authority.
    #[error("certificate {number} of the PEM data is not a valid authority")]
    NotARoot {
        /// Which one, from 1.
        number: usize,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
}

impl TlsOptions {
    /// Trusts the certificates in `pem` as well.
    ///
    /// # Errors
    /// If `pem` has no certificate, or one that cannot be an authority; then nothing is added.
    pub fn add_root_pem(&mut self, pem: &[u8]) -> Result<(), RootError> {
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| RootError::NotPem {
                reason: error.to_string(),
            })?;
        if certificates.is_empty() {
            return Err(RootError::NotPem {
                reason: "it is empty".to_owned(),
            });
        }
        for (n, certificate) in certificates.iter().enumerate() {
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|source| RootError::NotARoot {
                    number: n + 1,
                    source,
                })?;
        }
        self.roots.extend(certificates);
        Ok(())
    }

    /// Presents a certificate to servers that ask for one. `certificate` is PEM with its chain, `key` PEM with its private key.
    ///
    /// # Errors
    /// If either is missing, or they do not belong together; then nothing changes.
    pub fn set_identity_pem(&mut self, certificate: &[u8], key: &[u8]) -> Result<(), IdentityError> {
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| IdentityError::NoCertificate)?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| IdentityError::NoKey)?;
        let provider = rustls::crypto::ring::default_provider();
        CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider).map_err(IdentityError::Mismatch)?;
        let key = Arc::new(key);
        self.identity = Some(ClientIdentity { chain, key });
        Ok(())
    }

    /// Accepts any certificate for any name. The traffic is encrypted, but the peer is not authenticated.
    pub fn accept_invalid_certificates(&mut self, accept: bool) {
        self.accept_invalid_certificates = accept;
    }

    /// The settings of rustls, with ring named explicitly: a process-wide default may be missing or another's.
    pub(crate) fn client_config(&self, version: HttpVersion) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites for TLS 1.2 and 1.3");
        let builder = if self.accept_invalid_certificates {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
        } else {
            let mut roots = RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            };
            roots.add_parsable_certificates(self.roots.iter().cloned());
            builder.with_root_certificates(roots)
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .expect("the certificate and its key were checked"),
        };
        config.alpn_protocols = match version {
            HttpVersion::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
            HttpVersion::Http2 => vec![b"h2".to_vec()],
        };
        Arc::new(config)
    }
}

/// Takes every certificate; the handshake's signatures are checked all the same.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_certificates_is_refused() {
        let mut options = TlsOptions::default();
        for pem in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(options.add_root_pem(pem.as_bytes()).is_err(), "{pem:?}");
        }
        assert!(options.roots.is_empty());
    }
}
