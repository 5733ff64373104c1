//! The file of the home key: made once, by one program, and read only if nobody else could have.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use heavy_process::data_dir::{self, create_private};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustix::fs::{FlockOperation, flock};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::HOME;
use super::error::HomeError;
use super::key::HomeKey;
use super::path;

/// A longer file is not one of ours.
const LONGEST_BYTES: u64 = 64 << 10;

impl HomeKey {
    /// The key of the user that runs this program: in the file that `HEAVY_HOME_KEY` names, else in `heavy/home.pem` in
    /// `$XDG_CONFIG_HOME` or `~/.config`. Makes it if there is none.
    ///
    /// # Errors
    /// When it cannot be used, or is not this user's alone.
    pub fn of_user() -> Result<Self, HomeError> {
        Self::at(&path::of_user().ok_or(HomeError::NoHome)?)
    }

    /// The key in this file. Makes it if there is none.
    ///
    /// # Errors
    /// As [`Self::of_user`].
    pub fn at(path: &Path) -> Result<Self, HomeError> {
        match read(path)? {
            Some(key) => Ok(key),
            None => make(path),
        }
    }
}

/// The key in a file; none if the file does not exist.
pub(super) fn read(path: &Path) -> Result<Option<HomeKey>, HomeError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(problem) => return Err(HomeError::unusable(path, &problem)),
    };
    let metadata = file
        .metadata()
        .map_err(|problem| HomeError::unusable(path, &problem))?;
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        return Err(HomeError::Foreign {
            path: path.to_owned(),
            owner: metadata.uid(),
            user,
        });
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(HomeError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let mut pem = Vec::new();
    file.take(LONGEST_BYTES)
        .read_to_end(&mut pem)
        .map_err(|problem| HomeError::unusable(path, &problem))?;
    parse(path, &pem).map(Some).ok_or_else(|| HomeError::Damaged {
        path: path.to_owned(),
    })
}

fn parse(path: &Path, pem: &[u8]) -> Option<HomeKey> {
    let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_slice(pem).ok()? else {
        return None;
    };
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    // That the one belongs to the other.
    let chain = vec![certificate.clone()];
    CertifiedKey::from_der(chain, key.clone_key().into(), &default_provider()).ok()?;
    Some(HomeKey {
        path: path.to_owned(),
        key,
        certificate,
    })
}

/// Makes the file, unless another program makes it meanwhile, and reads it.
pub(super) fn make(path: &Path) -> Result<HomeKey, HomeError> {
    let failed = |problem: &io::Error| HomeError::unusable(path, problem);
    let dir = path.parent().unwrap_or(Path::new("/"));
    create_private(dir).map_err(|error| match error {
        data_dir::Error::Unusable { problem, .. } => failed(&problem),
        error => failed(&io::Error::other(error.to_string())),
    })?;
    let lock = private(&beside(path, ".lock"), false).map_err(|problem| failed(&problem))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|problem| failed(&problem.into()))?;
    if let Some(made) = read(path)? {
        return Ok(made);
    }
    let pem = new_pem().map_err(|problem| failed(&io::Error::other(problem)))?;
    let written = || {
        let draft = beside(path, ".new");
        // One of an earlier program may have other permissions.
        let _ = fs::remove_file(&draft);
        let mut file = private(&draft, true)?;
        file.write_all(pem.as_bytes())?;
        file.sync_all()?;
        fs::rename(draft, path)
    };
    written().map_err(|problem| failed(&problem))?;
    read(path)?.ok_or_else(|| failed(&io::ErrorKind::NotFound.into()))
}

/// A new key and its certificate.
fn new_pem() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(vec![HOME.to_owned()])?;
    params
        .distinguished_name
        .push(DnType::CommonName, "heavy home key");
    let certificate = params.self_signed(&key)?;
    Ok(key.serialize_pem() + &certificate.pem())
}

/// A file that only this user can read, whatever the umask; `new` tells whether it must not be there yet.
fn private(path: &Path, new: bool) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .create_new(new)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_program_makes_it_and_the_next_ones_read_it() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("config/heavy/home.pem");
        let keys: Vec<HomeKey> = std::thread::scope(|scope| {
            let programs: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| HomeKey::at(&path).unwrap()))
                .collect();
            programs
                .into_iter()
                .map(|program| program.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| key.certificate() == keys[0].certificate()));
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let other = HomeKey::at(&temp.path().join("other.pem")).unwrap();
        assert_ne!(other.certificate(), keys[0].certificate());
        let shown = format!("{other:?}");
        assert!(shown.contains("other.pem") && !shown.contains("key:"), "{shown}");
    }

    #[test]
    fn one_that_others_can_read_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("home.pem");
        HomeKey::at(&path).unwrap();
        for open in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let error = HomeKey::at(&path).unwrap_err().to_string();
            assert!(
                error.contains("open to other users") && error.contains("remove it"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_not_a_key_is_damaged() {
        let temp = tempfile::tempdir().unwrap();
        let (path, other) = (temp.path().join("home.pem"), temp.path().join("other.pem"));
        HomeKey::at(&path).unwrap();
        HomeKey::at(&other).unwrap();
        let (own, foreign) = (
            fs::read_to_string(&path).unwrap(),
            fs::read_to_string(&other).unwrap(),
        );
        let (key, _) = own.split_once("-----BEGIN CERT").unwrap();
        let (_, certificate) = foreign.split_once("-----BEGIN CERT").unwrap();
        for text in [
            String::new(),
            key.to_owned(),
            format!("{key}-----BEGIN CERT{certificate}"),
        ] {
            fs::write(&path, text).unwrap();
            let error = HomeKey::at(&path).unwrap_err();
            assert!(matches!(error, HomeError::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let error = HomeKey::at(Path::new("/proc/heavy/home.pem"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("/proc/heavy/home.pem") && error.contains("HEAVY_HOME_KEY"),
            "{error}"
        );
    }
}
