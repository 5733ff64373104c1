//! The certificate authority of a cluster: made once, kept by its schedulers, the issuer of every certificate of the cluster.

mod request;

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls::pki_types::CertificateDer;

use crate::certificate::{CertificateFacts, MalformedCertificate, Subject};
use crate::pin::Pin;
use crate::role::Role;

pub use request::{NewKey, SigningRequest};

/// The name that clients of a scheduler verify when they have a certificate of the cluster.
pub const SCHEDULER_NAME: &str = "scheduler.heavy";
/// The name that clients of a collector verify.
pub const COLLECTOR_NAME: &str = "collector.heavy";
/// The name that people, and hosts that join, verify: no certificate is asked for.
pub const API_NAME: &str = "api.heavy";

/// How long a certificate is valid, unless a caller says otherwise.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How far in the past certificates begin to be valid: clocks differ.
const BACKDATED: Duration = Duration::from_secs(3600);
/// How long an authority is valid.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Why an authority cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The crypto library.
    #[error("cannot sign a certificate: {0}")]
    Signing(#[from] rcgen::Error),
    /// The certificate cannot be parsed.
    #[error(transparent)]
    Malformed(#[from] MalformedCertificate),
    /// Two keys.
    #[error("the key {key} does not belong to the certificate of the authority {certificate}")]
    OtherKey {
        /// The key's pin.
        key: Pin,
        /// The certificate's.
        certificate: Pin,
    },
}

/// A certificate authority with its key.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pin: Pin,
}

impl Authority {
    /// A new authority, with a new key.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn generate(now: SystemTime) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let pin = Pin::of_spki(&key.subject_public_key_info());
        let params = authority_params(pin, now);
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
            pin,
        })
    }

    /// The authority of this key (PKCS #8 in PEM) and certificate.
    ///
    /// # Errors
    /// When one of them cannot be parsed, or they do not belong together.
    pub fn from_parts(key_pem: &str, certificate: CertificateDer<'static>) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem)?;
        let (of_key, facts) = (
            Pin::of_spki(&key.subject_public_key_info()),
            CertificateFacts::read(&certificate)?,
        );
        if of_key != facts.pin {
            return Err(AuthorityError::OtherKey {
                key: of_key,
                certificate: facts.pin,
            });
        }
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&certificate, key)?,
            certificate,
            pin: of_key,
        })
    }

    /// Its private key: PKCS #8 in PEM. Whoever has it can be anyone in the cluster.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Its certificate, signed by itself.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The pin of its key.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        self.pin
    }

    /// A certificate for the key of a request, valid from an hour before `now` until `lifetime` after it. Of the request only the
    /// key counts: the caller decides whom the certificate names.
    ///
    /// # Errors
    /// When the certificate cannot be signed.
    pub fn issue(
        &self,
        request: &SigningRequest,
        subject: &Subject,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<CertificateDer<'static>, AuthorityError> {
        let mut params = params(&subject.name, now, lifetime);
        params
            .subject_alt_names
            .push(SanType::URI(subject.to_string().try_into()?));
        for name in server_names(subject.role) {
            params
                .subject_alt_names
                .push(SanType::DnsName((*name).try_into()?));
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if !server_names(subject.role).is_empty() {
            params
                .extended_key_usages
                .push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(request.key(), &self.issuer)?.der().clone())
    }

    /// A certificate of a newer authority's key that this one signs: peers that know only this one can verify what the newer one
    /// issues.
    ///
    /// # Errors
    /// When the certificate cannot be signed.
    pub fn cross_sign(
        &self,
        newer: &Self,
        now: SystemTime,
    ) -> Result<CertificateDer<'static>, AuthorityError> {
        let mut params = authority_params(newer.pin, now);
        params.use_authority_key_identifier_extension = true;
        let signed = params.signed_by(newer.issuer.key(), &self.issuer)?;
        Ok(signed.der().clone())
    }
}

/// The names under which a role serves. Agents and people serve nothing.
const fn server_names(role: Role) -> &'static [&'static str] {
    match role {
        Role::Scheduler => &[SCHEDULER_NAME, API_NAME],
        Role::Collector => &[COLLECTOR_NAME],
        Role::Admin | Role::Submit | Role::Read | Role::Agent => &[],
    }
}

/// The role that a server of this name has; `None` of a name that no cluster has.
pub(crate) fn role_of_server(name: &str) -> Option<Role> {
    [Role::Scheduler, Role::Collector]
        .into_iter()
        .find(|role| server_names(*role).contains(&name))
}

fn authority_params(pin: Pin, now: SystemTime) -> CertificateParams {
    // The name contains the pin, so that chains of two authorities are told apart.
    let mut params = params(&format!("heavy {pin}"), now, AUTHORITY_LIFETIME);
    // One authority below it: the next one, while they are exchanged.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn params(common_name: &str, now: SystemTime, lifetime: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name.to_owned());
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(BACKDATED);
    params.not_after = epoch + now + lifetime;
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(role: Role) -> Subject {
        Subject {
            role,
            name: "eu 1".to_owned(),
        }
    }

    #[test]
    fn certificates_say_who_and_when() {
        // Certificates count whole seconds.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let authority = Authority::generate(now).unwrap();
        let key = NewKey::generate().unwrap();
        let request = SigningRequest::from_der(key.request()).unwrap();
        assert_eq!(request.pin(), key.pin());
        for role in Role::ALL {
            let issued = authority.issue(&request, &subject(role), LIFETIME, now).unwrap();
            let facts = CertificateFacts::read(&issued).unwrap();
            assert_eq!(
                facts,
                CertificateFacts {
                    pin: key.pin(),
                    subject: Some(subject(role)),
                    valid_from: now - BACKDATED,
                    valid_until: now + LIFETIME,
                }
            );
            let (_, parsed) = x509_parser::parse_x509_certificate(&issued).unwrap();
            let usage = parsed.extended_key_usage().unwrap().unwrap().value;
            let serves = matches!(role, Role::Scheduler | Role::Collector);
            assert_eq!((usage.client_auth, usage.server_auth), (true, serves), "{role}");
            assert!(!parsed.is_ca());
        }
    }

    #[test]
    fn an_authority_is_read_as_it_was_written() {
        let now = SystemTime::now();
        let (one, other) = (
            Authority::generate(now).unwrap(),
            Authority::generate(now).unwrap(),
        );
        let read = Authority::from_parts(&one.key_pem(), one.certificate().clone()).unwrap();
        assert_eq!(read.pin(), one.pin());
        let mixed = Authority::from_parts(&one.key_pem(), other.certificate().clone());
        assert!(matches!(mixed, Err(AuthorityError::OtherKey { .. })), "{mixed:?}");
        assert!(Authority::from_parts("no key", one.certificate().clone()).is_err());
        assert!(!format!("{one:?}").contains("PRIVATE"));
    }
}
