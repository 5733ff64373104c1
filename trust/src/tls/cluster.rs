//! TLS inside a cluster: both ends verify certificates of its authorities, servers by their role and never by their address.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{StoresServerSessions, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, DistinguishedName, Error, RootCertStore, ServerConfig};

use super::signatures::tls13_signatures;
use crate::authority::role_of_server;
use crate::certificate::{CertificateFacts, MalformedCertificate};
use crate::identity::Identity;
use crate::pin::Pin;

/// The certificates of the authorities that a cluster trusts: one, or two while they are exchanged.
#[derive(Debug, Clone)]
pub struct ClusterRoots(Arc<RwLock<Arc<RootCertStore>>>);

impl ClusterRoots {
    /// Trusts these authorities.
    ///
    /// # Errors
    /// When a certificate cannot be parsed, or there is none.
    pub fn new(authorities: &[CertificateDer<'_>]) -> Result<Self, MalformedCertificate> {
        Ok(Self(Arc::new(RwLock::new(store(authorities)?))))
    }

    /// Trusts these instead, from the next handshake on.
    ///
    /// # Errors
    /// As [`Self::new`]; what is trusted stays as it was then.
    pub fn replace(&self, authorities: &[CertificateDer<'_>]) -> Result<(), MalformedCertificate> {
        let store = store(authorities)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = store;
        Ok(())
    }

    fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn store(authorities: &[CertificateDer<'_>]) -> Result<Arc<RootCertStore>, MalformedCertificate> {
    let mut store = RootCertStore::empty();
    for authority in authorities {
        store
            .add(authority.clone().into_owned())
            .map_err(|_| MalformedCertificate)?;
    }
    if store.is_empty() {
        return Err(MalformedCertificate);
    }
    Ok(Arc::new(store))
}

/// Forgets every session: a certificate may expire before its owner comes back.
#[derive(Debug)]
struct NothingResumes;

impl StoresServerSessions for NothingResumes {
    fn put(&self, _key: Vec<u8>, _value: Vec<u8>) -> bool {
        true
    }

    fn get(&self, _key: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn take(&self, _key: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn can_cache(&self) -> bool {
        true
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

/// How a server of the cluster speaks TLS. `clients` are the authorities whose certificates it demands; without, it asks for none.
///
/// # Errors
/// When the crypto library does not know TLS 1.3.
pub fn server_config(
    identity: Arc<Identity>,
    clients: Option<ClusterRoots>,
    alpn: &[&[u8]],
) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13])?;
    let builder = match clients {
        Some(roots) => builder.with_client_cert_verifier(Arc::new(PeerVerifier {
            trusts: Trusts::Roots(roots),
            provider: provider(),
        })),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(identity);
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config.session_storage = Arc::new(NothingResumes);
    // It tells the other end that its certificate was accepted.
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// How a program of the cluster speaks TLS to its servers; with an identity if it has one.
///
/// # Errors
/// When the crypto library does not know TLS 1.3.
pub fn client_config(
    roots: ClusterRoots,
    identity: Option<Arc<Identity>>,
    alpn: &[&[u8]],
) -> Result<ClientConfig, Error> {
    client(Trusts::Roots(roots), identity, alpn)
}

/// How a host that joins a cluster speaks TLS to its scheduler: it trusts the authority with this pin alone.
///
/// # Errors
/// When the crypto library does not know TLS 1.3.
pub fn joining_config(pin: Pin, alpn: &[&[u8]]) -> Result<ClientConfig, Error> {
    client(Trusts::Pin(pin), None, alpn)
}

fn client(trusts: Trusts, identity: Option<Arc<Identity>>, alpn: &[&[u8]]) -> Result<ClientConfig, Error> {
    let verifier = PeerVerifier {
        trusts,
        provider: provider(),
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(identity),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config.resumption = Resumption::disabled();
    Ok(config)
}

#[derive(Debug)]
enum Trusts {
    /// Authorities of the cluster.
    Roots(ClusterRoots),
    /// The authority with this pin, whose certificate the server sends along.
    Pin(Pin),
}

/// Verifies what the other end sends: the chain up to an authority, the times, the server's name and its role.
#[derive(Debug)]
struct PeerVerifier {
    trusts: Trusts,
    provider: Arc<CryptoProvider>,
}

impl PeerVerifier {
    fn roots(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<Arc<RootCertStore>, Error> {
        let pin = match &self.trusts {
            Trusts::Roots(roots) => return Ok(roots.store()),
            Trusts::Pin(pin) => pin,
        };
        let mut sent = std::iter::once(end_entity).chain(intermediates);
        let pinned = sent.find(|sent| CertificateFacts::read(sent).is_ok_and(|facts| facts.pin == *pin));
        let Some(pinned) = pinned else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        store(std::slice::from_ref(pinned))
            .map_err(|MalformedCertificate| CertificateError::BadEncoding.into())
    }
}

fn unusable(error: impl std::fmt::Display) -> Error {
    Error::General(format!("cannot verify certificates: {error}"))
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let roots = self.roots(end_entity, intermediates)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider))
            .build()
            .map_err(unusable)?;
        let verified =
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let subject = CertificateFacts::read(end_entity)
            .map_err(|MalformedCertificate| CertificateError::BadEncoding)?;
        let wanted = role_of_server(&server_name.to_str());
        if wanted.is_none() || subject.subject.map(|subject| subject.role) != wanted {
            return Err(CertificateError::NotValidForName.into());
        }
        Ok(verified)
    }

    tls13_signatures!();
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let roots = self.roots(end_entity, intermediates)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&self.provider))
            .build()
            .map_err(unusable)?;
        let verified = verifier.verify_client_cert(end_entity, intermediates, now)?;
        // What names no role could not do anything.
        match CertificateFacts::read(end_entity) {
            Ok(facts) if facts.subject.is_some() => Ok(verified),
            _ => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    tls13_signatures!();
}

#[cfg(test)]
mod tests;
