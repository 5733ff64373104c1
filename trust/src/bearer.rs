//! The token of an hour: what a person shows instead of the home key, over plain HTTP on this host.
//!
//! It states when it expires, and a code that needs the home key: every program of the user can print one, and check one,
//! without asking anybody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::home::HomeKey;
use crate::peer::Who;
use crate::role::Role;

/// How long a token is valid.
pub const LIFETIME_S: u64 = 3600;

const PREFIX: &str = "hvb1";
const PURPOSE: &str = "heavy bearer 1";
/// The name of its owner in logs.
const NAME: &str = "home";

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// It is not a token.
    #[error("the bearer token is malformed: `heavy token` prints one")]
    Malformed,
    /// It was made with another key, or changed.
    #[error(
        "the bearer token was not made with the home key that this scheduler has: run `heavy token` as the scheduler's user"
    )]
    Foreign,
    /// It is too old.
    #[error("the bearer token has expired: `heavy token` prints another, which is valid for an hour")]
    Expired,
}

/// A token that is valid for an hour.
#[must_use]
pub fn issue(key: &HomeKey, now_s: u64) -> String {
    let claim = format!("{PREFIX}.{}", now_s + LIFETIME_S);
    let code = hmac::sign(&key.derived(PURPOSE), claim.as_bytes());
    format!("{claim}.{}", URL_SAFE_NO_PAD.encode(code))
}

/// Who has this token.
///
/// # Errors
/// When it is not a valid one.
pub fn check(key: &HomeKey, token: &str, now_s: u64) -> Result<Who, BearerError> {
    let (claim, code) = token.rsplit_once('.').ok_or(BearerError::Malformed)?;
    let (prefix, expires) = claim.split_once('.').ok_or(BearerError::Malformed)?;
    let expires_s: u64 = expires.parse().map_err(|_| BearerError::Malformed)?;
    let code = URL_SAFE_NO_PAD.decode(code).map_err(|_| BearerError::Malformed)?;
    if prefix != PREFIX {
        return Err(BearerError::Malformed);
    }
    // Compares in constant time.
    hmac::verify(&key.derived(PURPOSE), claim.as_bytes(), &code).map_err(|_| BearerError::Foreign)?;
    if now_s >= expires_s {
        return Err(BearerError::Expired);
    }
    Ok(Who::Bearer {
        role: Role::Admin,
        token: NAME.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_of_this_key_and_hour_passes() {
        let temp = tempfile::tempdir().unwrap();
        let key = HomeKey::at(&temp.path().join("a.pem")).unwrap();
        let other = HomeKey::at(&temp.path().join("b.pem")).unwrap();
        let token = issue(&key, 1000);
        assert!(check(&key, &token, 1000 + LIFETIME_S - 1).is_ok());
        assert_eq!(check(&key, &token, 1000 + LIFETIME_S), Err(BearerError::Expired));
        assert_eq!(check(&other, &token, 1000), Err(BearerError::Foreign));
        let longer = token.replace(".4600.", ".9600.");
        assert_ne!(longer, token);
        assert_eq!(check(&key, &longer, 1000), Err(BearerError::Foreign));
        let cut = &token[..token.len() - 3];
        for wrong in [
            "",
            "x",
            "a.b.c",
            "hvb1.1.!",
            "hvb1.-1.AAAA",
            &token.replace("hvb1", "hvb2"),
        ] {
            assert_eq!(check(&key, wrong, 1000), Err(BearerError::Malformed), "{wrong}");
        }
        assert!(check(&key, cut, 1000).is_err());
    }
}
