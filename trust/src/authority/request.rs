//! Requests for certificates: a key that its owner keeps, and the proof that the owner has it.

use rcgen::{
    CertificateParams, CertificateSigningRequestParams, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKey,
    PublicKeyData,
};
use rustls::pki_types::CertificateSigningRequestDer;

use crate::pin::Pin;

/// A longer request is not read.
const MOST_BYTES: usize = 4096;

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// Not a request, or not signed by its own key.
    #[error("invalid certificate request: {0}")]
    Malformed(#[from] rcgen::Error),
    /// Too long to be one.
    #[error("invalid certificate request: more than {MOST_BYTES} bytes")]
    TooLong,
    /// The scheduler signs one kind of key.
    #[error("invalid certificate request: the key must be ECDSA P-256")]
    KeyKind,
}

/// A verified request: whoever sent it had the key.
#[derive(Debug)]
pub struct SigningRequest {
    key: PublicKey,
    pin: Pin,
}

impl SigningRequest {
    /// Parses a request (PKCS #10 in DER) and verifies its signature. What it says besides its key is ignored.
    ///
    /// # Errors
    /// When it is malformed, not signed by its key, or has another kind of key.
    pub fn from_der(der: &[u8]) -> Result<Self, InvalidRequest> {
        if der.len() > MOST_BYTES {
            return Err(InvalidRequest::TooLong);
        }
        let parsed = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der))?;
        let key = parsed.public_key;
        if key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(InvalidRequest::KeyKind);
        }
        let pin = Pin::of_spki(&key.subject_public_key_info());
        Ok(Self { key, pin })
    }

    /// The pin of its key.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        self.pin
    }

    pub(super) const fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// A key that its owner has just made, with the request for its certificate.
#[derive(Debug)]
pub struct NewKey {
    key: KeyPair,
    request: Vec<u8>,
}

impl NewKey {
    /// A new P-256 key.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn generate() -> Result<Self, rcgen::Error> {
        Self::with(KeyPair::generate()?)
    }

    /// The key of an earlier [`Self::key_pem`], to ask for the next certificate.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub fn from_pem(key_pem: &str) -> Result<Self, rcgen::Error> {
        Self::with(KeyPair::from_pem(key_pem)?)
    }

    fn with(key: KeyPair) -> Result<Self, rcgen::Error> {
        let request = CertificateParams::default().serialize_request(&key)?;
        Ok(Self {
            request: request.der().to_vec(),
            key,
        })
    }

    /// The request (PKCS #10 in DER), signed by the key.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// The private key: PKCS #8 in PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The pin of the key.
    #[must_use]
    pub fn pin(&self) -> Pin {
        Pin::of_spki(&self.key.subject_public_key_info())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    #[test]
    fn only_whole_requests_are_accepted() {
        let key = NewKey::generate().unwrap();
        let again = NewKey::from_pem(&key.key_pem()).unwrap();
        assert_eq!(again.pin(), key.pin());
        let request = key.request();
        assert_eq!(SigningRequest::from_der(request).unwrap().pin(), key.pin());
        // Nobody else's key is ever taken, whichever bit differs.
        for at in 0..request.len() {
            let mut changed = request.to_vec();
            changed[at] ^= 1;
            if let Ok(read) = SigningRequest::from_der(&changed) {
                assert_eq!(read.pin(), key.pin(), "byte {at} of {}", request.len());
            }
            assert!(SigningRequest::from_der(&request[..at]).is_err(), "{at} bytes");
        }
        let mut unsigned = request.to_vec();
        *unsigned.last_mut().unwrap() ^= 1;
        assert!(SigningRequest::from_der(&unsigned).is_err());
        let long = vec![0x30; MOST_BYTES + 1];
        assert_eq!(
            SigningRequest::from_der(&long).unwrap_err(),
            InvalidRequest::TooLong
        );
        for kind in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            let other = NewKey::with(KeyPair::generate_for(kind).unwrap()).unwrap();
            assert_eq!(
                SigningRequest::from_der(other.request()).unwrap_err(),
                InvalidRequest::KeyKind
            );
        }
    }
}
