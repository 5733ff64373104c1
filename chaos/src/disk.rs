//! A small disk that can be filled: a tmpfs, and a file that takes all its space.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// A mounted tmpfs, unmounted on drop.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts a tmpfs of this size at a directory, which is created.
    ///
    /// # Errors
    /// When this process may not mount; `scripts/chaos` runs it in a namespace in which it may.
    pub fn mount(path: &Path, bytes: u64) -> anyhow::Result<Self> {
        fs::create_dir_all(path)?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=0755"), "tmpfs"])
            .arg(path)
            .output()?;
        if !mounted.status.success() {
            let error = String::from_utf8_lossy(&mounted.stderr);
            bail!(
                "cannot mount a tmpfs at {}: {error}; run `scripts/chaos`, as root",
                path.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
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
    pub fn fill(&self) -> anyhow::Result<()> {
        let file = File::options().create(true).append(true).open(self.ballast())?;
        let mut length = file.metadata()?.len();
        let mut step = 64 << 20;
        while step >= 4096 {
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
        // With the lazy flag it also goes when something still has a file open.
        let _ = Command::new("umount").arg("-l").arg(&self.path).output();
    }
}
