//! What a certificate of a cluster says: whose key it is, for which role and name, and when it is valid.

use std::fmt;
use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;

use crate::pin::Pin;
use crate::role::Role;

const SCHEME: &str = "heavy://";
const IN_NAMES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Whom a certificate names. Written `heavy://ROLE/NAME`, the name percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// What it may do.
    pub role: Role,
    /// Which one it is.
    pub name: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{SCHEME}{}/{}",
            self.role,
            utf8_percent_encode(&self.name, IN_NAMES)
        )
    }
}

impl Subject {
    fn from_uri(uri: &str) -> Option<Self> {
        let (role, name) = uri.strip_prefix(SCHEME)?.split_once('/')?;
        let name = percent_decode_str(name).decode_utf8().ok()?.into_owned();
        let subject = Self {
            role: role.parse().ok()?,
            name,
        };
        // Two spellings of one name would be two peers.
        (subject.to_string() == uri).then_some(subject)
    }
}

/// The bytes are not a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot parse the certificate")]
pub struct MalformedCertificate;

/// What a certificate says. Nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Of its key.
    pub pin: Pin,
    /// `None` if it names no role, no name or several.
    pub subject: Option<Subject>,
    /// The first instant at which it is valid.
    pub valid_from: SystemTime,
    /// The last one.
    pub valid_until: SystemTime,
}

impl CertificateFacts {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub fn read(certificate: &CertificateDer<'_>) -> Result<Self, MalformedCertificate> {
        let (rest, parsed) =
            x509_parser::parse_x509_certificate(certificate).map_err(|_| MalformedCertificate)?;
        if !rest.is_empty() {
            return Err(MalformedCertificate);
        }
        let names = parsed
            .subject_alternative_name()
            .map_err(|_| MalformedCertificate)?;
        let uris = names
            .iter()
            .flat_map(|names| &names.value.general_names)
            .filter_map(|name| match name {
                GeneralName::URI(uri) => Some(*uri),
                _ => None,
            });
        let uris: Vec<&str> = uris.collect();
        let validity = parsed.validity();
        Ok(Self {
            pin: Pin::of_spki(parsed.public_key().raw),
            subject: match *uris {
                [uri] => Subject::from_uri(uri),
                _ => None,
            },
            valid_from: instant(validity.not_before.timestamp()),
            valid_until: instant(validity.not_after.timestamp()),
        })
    }
}

/// Seconds since the Unix epoch as an instant.
fn instant(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH - distance
    } else {
        SystemTime::UNIX_EPOCH + distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        for name in ["eu-1", "a b/c", "ü%", "x:y"] {
            let subject = Subject {
                role: Role::Agent,
                name: name.to_owned(),
            };
            assert_eq!(Subject::from_uri(&subject.to_string()), Some(subject), "{name}");
        }
        for wrong in [
            "",
            "heavy://",
            "heavy://agent",
            "heavy://nobody/a",
            "http://agent/a",
            "heavy://agent/%61",
            "heavy://agent/a/b",
            "heavy://agent/%ff",
        ] {
            assert_eq!(Subject::from_uri(wrong), None, "{wrong}");
        }
    }
}
