//! Pins: short hashes of public keys, by which a key is recognised whatever its certificate says.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The first 16 bytes of the SHA-256 of a public key (SubjectPublicKeyInfo in DER). Written as base64url without padding.
#[derive(Clone, Copy)]
pub struct Pin([u8; 16]);

/// The text is not a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid pin: expected 22 letters, digits, - or _")]
pub struct InvalidPin;

impl Pin {
    /// The pin of a public key, given as DER of its SubjectPublicKeyInfo.
    #[must_use]
    pub fn of_spki(spki: &[u8]) -> Self {
        let digest = Sha256::digest(spki);
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self(first)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for Pin {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl PartialEq for Pin {
    /// Takes the same time wherever they differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Pin {}

impl Hash for Pin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = InvalidPin;

    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidPin)?;
        bytes.try_into().map(Self).map_err(|_| InvalidPin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_it_is_written() {
        let pin = Pin::of_spki(b"a key");
        let written = pin.to_string();
        assert_eq!(written.len(), 22);
        assert_eq!(written.parse(), Ok(pin));
        assert_ne!(Pin::of_spki(b"another key"), pin);
        for wrong in ["", "abc", &written[1..], &format!("{written}A"), &"=".repeat(22)] {
            assert_eq!(wrong.parse::<Pin>(), Err(InvalidPin), "{wrong}");
        }
    }
}
