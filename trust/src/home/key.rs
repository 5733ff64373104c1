//! The home key in memory.

use std::fmt;
use std::path::{Path, PathBuf};

use ring::hmac;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// The home key of a user.
pub struct HomeKey {
    pub(super) path: PathBuf,
    pub(super) key: PrivatePkcs8KeyDer<'static>,
    pub(super) certificate: CertificateDer<'static>,
}

impl fmt::Debug for HomeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HomeKey")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl HomeKey {
    /// The file that it is in.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    pub(crate) fn private_key(&self) -> PrivatePkcs8KeyDer<'static> {
        self.key.clone_key()
    }

    /// A key for `purpose` that nobody can tell without the home key.
    pub(crate) fn derived(&self, purpose: &str) -> hmac::Key {
        let own = hmac::Key::new(hmac::HMAC_SHA256, self.key.secret_pkcs8_der());
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&own, purpose.as_bytes()).as_ref())
    }
}
