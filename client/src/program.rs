//! The binary that is to be submitted: found, recognised and hashed before anything is sent.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use heavy_plugin::program::{self, Host, glibc_of};
use heavy_process::hash;

use super::Error;

/// Where a host's glibc may be; the first that is there counts.
const GLIBC_FILES: [&str; 5] = [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
    "/lib/libc.so.6",
];

/// A binary on this machine that can be a load test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub file: PathBuf,
    /// Its file name.
    pub name: String,
    /// Of its bytes, lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

impl Program {
    /// Looks at a file and hashes it.
    ///
    /// # Errors
    /// When it does not exist, is not a file, is not executable, or cannot run on this host.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let wrong = |problem: &str| Error::Program {
            file: path.to_owned(),
            problem: problem.to_owned(),
        };
        let unreadable = |problem: io::Error| match problem.kind() {
            io::ErrorKind::NotFound if path.to_string_lossy().contains("://") => wrong(
                "expected the path of a compiled load test, such as target/release/NAME; `heavy run` loads a URL",
            ),
            io::ErrorKind::NotFound => {
                wrong("file not found; build the load test with `cargo build --release` and submit its path")
            }
            _ => wrong(&format!("cannot read it: {problem}")),
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(wrong(
                "it is a directory; expected the path of a compiled load test, such as target/release/NAME",
            ));
        }
        if !metadata.is_file() {
            return Err(wrong("not a regular file"));
        }
        let file = File::open(path).map_err(unreadable)?;
        program::check(&object::ReadCache::new(&file), &this_host())
            .map_err(|problem| wrong(&problem.to_string()))?;
        if metadata.permissions().mode() & 0o111 == 0 {
            return Err(wrong(
                "it is not executable; `chmod +x` it, or build it with cargo",
            ));
        }
        let (sha256, bytes) = hash::sha256(&file).map_err(unreadable)?;
        let name = path.file_name().map_or_else(
            || "load-test".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Ok(Self {
            file: path.to_owned(),
            name,
            sha256,
            bytes,
        })
    }
}

/// What a load test would run on if an agent ran here.
fn this_host() -> Host {
    let glibc = GLIBC_FILES
        .iter()
        .find_map(|path| glibc_of(&object::ReadCache::new(File::open(path).ok()?)));
    Host {
        architecture: std::env::consts::ARCH.to_owned(),
        glibc,
    }
}
