//! What this process proves itself with, and whom it believes: read once, shared by all listeners and connections.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::{ClientConfig, ServerConfig};

use crate::home::{HomeError, HomeKey};
use crate::tls;

/// What this process proves itself with, and whom it believes. Clones share it.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ReadOnce>);

#[derive(Debug)]
struct ReadOnce {
    /// The key's file; none for that of the user.
    file: Option<Box<Path>>,
    home: Mutex<Option<Arc<Home>>>,
}

/// The home key with what is made of it once.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) key: HomeKey,
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
}

static OF_USER: LazyLock<Trust> = LazyLock::new(|| Trust::new(None));

impl Trust {
    /// That of the user that runs this process; see [`HomeKey::of_user`].
    #[must_use]
    pub fn of_user() -> Self {
        OF_USER.clone()
    }

    /// With the home key in this file.
    #[must_use]
    pub fn with_home_key(file: &Path) -> Self {
        Self::new(Some(file.into()))
    }

    fn new(file: Option<Box<Path>>) -> Self {
        Self(Arc::new(ReadOnce {
            file,
            home: Mutex::new(None),
        }))
    }

    /// Reads the home key, or makes it, unless that was done before.
    ///
    /// # Errors
    /// When it cannot be used, or is not this user's alone.
    pub fn check_home(&self) -> Result<(), HomeError> {
        self.home().map(|_| ())
    }

    /// A [bearer token](crate::bearer) by the home key, for the next hour.
    ///
    /// # Errors
    /// As [`Self::check_home`].
    pub fn bearer(&self, now_s: u64) -> Result<String, HomeError> {
        Ok(crate::bearer::issue(&self.home()?.key, now_s))
    }

    pub(crate) fn home(&self) -> Result<Arc<Home>, HomeError> {
        let mut home = self.0.home.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(home) = &*home {
            return Ok(Arc::clone(home));
        }
        let key = match &self.0.file {
            Some(file) => HomeKey::at(file)?,
            None => HomeKey::of_user()?,
        };
        let unusable = |problem: rustls::Error| HomeError::Unusable {
            path: key.path().to_owned(),
            problem: problem.to_string(),
        };
        let server = Arc::new(tls::server(&key).map_err(unusable)?);
        let client = Arc::new(tls::client(&key).map_err(unusable)?);
        let made = Arc::new(Home { key, server, client });
        *home = Some(Arc::clone(&made));
        Ok(made)
    }
}
