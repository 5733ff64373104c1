//! A small disk that can be filled: a tmpfs, and a file that takes its space.

use std::env::{current_exe, var_os};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use rustix::process::{getgid, getuid};

use crate::temp::TempDir;

/// The variable that tells a test which is run again where its disk is.
const MOUNTED: &str = "HEAVY_TEST_SMALL_DISK";

/// A mounted tmpfs, unmounted on drop.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
    is_ours: bool,
    // After the mount: it is removed when nothing is mounted there.
    _folder: Option<TempDir>,
}

impl SmallDisk {
    /// A disk for the test of this name. Who may not mount gets `None`: the test has passed in a namespace where it may.
    ///
    /// # Panics
    /// When nobody may mount here, not even in a namespace, and when the test failed there.
    pub fn of_test(name: &str, bytes: u64) -> Option<Self> {
        if let Some(path) = var_os(MOUNTED) {
            return Some(Self {
                path: path.into(),
                is_ours: false,
                _folder: None,
            });
        }
        let folder = TempDir::new("disk");
        if getuid().is_root() {
            let mut disk = Self::mount(&folder.join("small"), bytes).expect("root may mount");
            disk._folder = Some(folder);
            return Some(disk);
        }
        // In a second namespace the account is what it was: Postgres refuses to run as root.
        let script = format!(
            "mount -t tmpfs -o size={bytes},mode=0755 tmpfs \"$1\" && {MOUNTED}=\"$1\" \
             exec unshare --map-user={} --map-group={} \"$2\" --exact \"$3\" --nocapture",
            getuid().as_raw(),
            getgid().as_raw()
        );
        let ended = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"])
            .arg(folder.path())
            .arg(current_exe().expect("a test is a program"))
            .arg(name)
            .status()
            .expect("unshare can be run");
        assert!(ended.success(), "{name} failed in a namespace of its own");
        None
    }

    /// Mounts a tmpfs of this size at a directory, which is created.
    ///
    /// # Errors
    /// When this process may not mount.
    pub fn mount(path: &Path, bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=0755"), "tmpfs"])
            .arg(path)
            .output()?;
        if !mounted.status.success() {
            let error = String::from_utf8_lossy(&mounted.stderr);
            return Err(io::Error::other(format!(
                "cannot mount a tmpfs at {}: {error}; only root and namespaces may",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            is_ours: true,
            _folder: None,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes all space that is left.
    ///
    /// # Errors
    /// When the file system fails in another way than by being full.
    pub fn fill(&self) -> io::Result<()> {
        self.fill_but(0)
    }

    /// Takes all space that is left, but for this number of bytes.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub fn fill_but(&self, bytes: u64) -> io::Result<()> {
        let file = File::options().create(true).append(true).open(self.ballast())?;
        let mut length = file.metadata()?.len();
        let mut step = 64 << 20;
        while step >= 4096 {
            let disk = statvfs(&self.path)?;
            if disk.f_bavail * disk.f_frsize < bytes + step {
                step /= 2;
                continue;
            }
            match fallocate(&file, FallocateFlags::empty(), length, step) {
                Ok(()) => length += step,
                Err(Errno::NOSPC) => step /= 2,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Gives the space back.
    pub fn free(&self) {
        let _ = fs::remove_file(self.ballast());
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_ours {
            // With the lazy flag it also goes when something still has a file open.
            let _ = Command::new("umount").arg("-l").arg(&self.path).output();
        }
    }
}
