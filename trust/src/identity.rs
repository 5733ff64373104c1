//! The identity of a program in a cluster: its key and certificate, which is exchanged before it expires while connections stay open.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::certificate::{CertificateFacts, MalformedCertificate};

/// Why a key and its certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Not a private key in PEM.
    #[error("cannot parse the private key")]
    Key,
    /// The first certificate of the chain.
    #[error(transparent)]
    Certificate(#[from] MalformedCertificate),
    /// They do not belong together.
    #[error("the certificate does not belong to the private key: {0}")]
    Mismatch(rustls::Error),
}

#[derive(Debug)]
struct Held {
    certified: Arc<CertifiedKey>,
    facts: CertificateFacts,
}

/// A key with its certificate, for both ends of connections. New handshakes use what was [given](Self::replace) last.
#[derive(Debug)]
pub struct Identity(RwLock<Arc<Held>>);

impl Identity {
    /// The identity of a private key (PEM) and its certificates: the key's own first, then those that issued it.
    ///
    /// # Errors
    /// When one cannot be parsed, or the first certificate is not the key's.
    pub fn new(key_pem: &str, chain: Vec<CertificateDer<'static>>) -> Result<Self, IdentityError> {
        held(key_pem, chain).map(|held| Self(RwLock::new(held)))
    }

    /// Uses another certificate from now on, and another key if it is one.
    ///
    /// # Errors
    /// As [`Self::new`]; the identity stays as it was then.
    pub fn replace(&self, key_pem: &str, chain: Vec<CertificateDer<'static>>) -> Result<(), IdentityError> {
        let held = held(key_pem, chain)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(())
    }

    /// What its certificate says.
    #[must_use]
    pub fn facts(&self) -> CertificateFacts {
        self.held().facts.clone()
    }

    /// When to renew it: two thirds of its lifetime after it began.
    #[must_use]
    pub fn renew_at(&self) -> SystemTime {
        let held = self.held();
        let CertificateFacts {
            valid_from,
            valid_until,
            ..
        } = held.facts;
        let lifetime = valid_until.duration_since(valid_from).unwrap_or_default();
        valid_from + lifetime / 3 * 2
    }

    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.held().certified)
    }
}

fn held(key_pem: &str, chain: Vec<CertificateDer<'static>>) -> Result<Arc<Held>, IdentityError> {
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| IdentityError::Key)?;
    let facts = CertificateFacts::read(chain.first().ok_or(MalformedCertificate)?)?;
    let certified =
        CertifiedKey::from_der(chain, key, &default_provider()).map_err(IdentityError::Mismatch)?;
    Ok(Arc::new(Held {
        certified: Arc::new(certified),
        facts,
    }))
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
