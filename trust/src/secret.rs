//! Secrets of tokens: 16 random bytes, which only their hash is kept of.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What proves a token. Nothing prints it but [`Self::reveal`].
#[derive(Clone, Copy)]
pub struct Secret([u8; 16]);

/// The text is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid secret: expected 22 letters, digits, - or _")]
pub struct InvalidSecret;

/// The system has no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot read random bytes from the system")]
pub struct NoRandomness;

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// The text that is shown once, to whoever is to have it: base64url without padding.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl FromStr for Secret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidSecret)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSecret)
    }
}

/// The SHA-256 of a [`Secret`], whose 128 random bits nobody can guess from it.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Its bytes, to store them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for SecretHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl PartialEq for SecretHash {
    /// Takes the same time wherever they differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_alone() {
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        let written = one.reveal();
        assert_eq!(written.len(), 22);
        let read: Secret = written.parse().unwrap();
        assert_eq!(read.hash(), one.hash());
        assert_ne!(other.hash(), one.hash());
        assert_eq!(SecretHash::from(*one.hash().as_bytes()), one.hash());
        assert!(!format!("{one:?} {:?}", one.hash()).contains(&written));
        for wrong in ["", "abc", &written[1..], &format!("{written}A")] {
            assert_eq!(wrong.parse::<Secret>().unwrap_err(), InvalidSecret, "{wrong}");
        }
    }
}
