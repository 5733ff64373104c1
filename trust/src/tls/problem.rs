//! Why a handshake failed, in words that say what to do. Errors of time name both clocks, because one of them is wrong.

use std::io;
use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

use crate::certificate::CertificateFacts;

/// What was wrong with a handshake; `own` is what this end's certificate says, if it showed one.
#[must_use]
pub fn handshake_problem(error: &Error, own: Option<&CertificateFacts>) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::NotValidYetContext { time, not_before }) => format!(
            "the certificate of the other end is valid from {}, and the clock of this host says {}: set the clock that is wrong",
            shown(instant(*not_before)),
            shown(instant(*time)),
        ),
        Error::InvalidCertificate(CertificateError::ExpiredContext { time, not_after }) => format!(
            "the certificate of the other end was valid until {}, and the clock of this host says {}: set the clock that is wrong, \
             or renew the certificate",
            shown(instant(*not_after)),
            shown(instant(*time)),
        ),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the certificate of the other end is not from this cluster's certificate authority: join the cluster again if it is the \
             right host"
                .to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the other end has a certificate of this cluster, but for another role: check the address".to_owned(),
        Error::AlertReceived(AlertDescription::CertificateExpired) => refused_for_time(own),
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the other end demands a certificate, and this program has none: join the cluster".to_owned()
        }
        Error::AlertReceived(AlertDescription::UnknownCA) => {
            "the other end does not know the certificate authority of this host's certificate: join its cluster".to_owned()
        }
        other => other.to_string(),
    }
}

/// As [`handshake_problem`], of the error of a stream.
#[must_use]
pub fn stream_problem(error: &io::Error, own: Option<&CertificateFacts>) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(tls) => handshake_problem(tls, own),
        None => error.to_string(),
    }
}

fn refused_for_time(own: Option<&CertificateFacts>) -> String {
    let now = shown(SystemTime::now());
    match own {
        Some(own) => format!(
            "the other end says that this host's certificate is not valid now; it is valid from {} until {}, and the clock of this host \
             says {now}: set the clock that is wrong",
            shown(own.valid_from),
            shown(own.valid_until),
        ),
        None => format!(
            "the other end says that this host's certificate is not valid now; the clock of this host says {now}"
        ),
    }
}

fn instant(time: UnixTime) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs())
}

/// A time as people and logs write it, to the second.
fn shown(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| format!("{seconds} s"), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pin::Pin;

    #[test]
    fn problems_of_time_name_both_clocks() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let (early, late) = (at(1_800_000_000), at(1_800_007_200));
        for (error, first) in [
            (
                CertificateError::NotValidYetContext {
                    time: early,
                    not_before: late,
                },
                "valid from 2027-01-15T10:00:00Z, and the clock of this host says 2027-01-15T08:00:00Z",
            ),
            (
                CertificateError::ExpiredContext {
                    time: late,
                    not_after: early,
                },
                "valid until 2027-01-15T08:00:00Z, and the clock of this host says 2027-01-15T10:00:00Z",
            ),
        ] {
            let says = handshake_problem(&Error::InvalidCertificate(error), None);
            assert!(says.contains(first), "{says}");
        }
        let own = CertificateFacts {
            pin: Pin::of_spki(b""),
            subject: None,
            valid_from: instant(early),
            valid_until: instant(late),
        };
        let alert = Error::AlertReceived(AlertDescription::CertificateExpired);
        let says = handshake_problem(&alert, Some(&own));
        assert!(
            says.contains(
                "from 2027-01-15T08:00:00Z until 2027-01-15T10:00:00Z, and the clock of this host says 20"
            ),
            "{says}"
        );
        let error = io::Error::new(io::ErrorKind::InvalidData, alert);
        assert_eq!(
            stream_problem(&error, Some(&own)).len(),
            says.len(),
            "the same problem"
        );
    }
}
