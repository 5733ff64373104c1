//! `std::fs` as far as the agent uses it, on the [`MemoryDisk`] of this thread if it has one, else on the host's disk.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::{self as unix, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(crate) use std::fs::Permissions;

use super::memory::MemoryDisk;

/// The size of segments on a disk in memory.
const SMALL_SEGMENT_BYTES: u64 = 3000;

thread_local! {
    static DISK: RefCell<Option<Rc<RefCell<MemoryDisk>>>> = const { RefCell::new(None) };
}

/// Puts a disk in the place of the host's for this thread, or takes it away.
pub(crate) fn set_disk(disk: Option<Rc<RefCell<MemoryDisk>>>) {
    DISK.set(disk);
}

/// Does something with the disk of this thread, or else with the host's.
fn with<T>(memory: impl FnOnce(&mut MemoryDisk) -> T, host: impl FnOnce() -> T) -> T {
    match DISK.with_borrow(Clone::clone) {
        Some(disk) => memory(&mut disk.borrow_mut()),
        None => host(),
    }
}

fn on_memory<T>(act: impl FnOnce(&mut MemoryDisk) -> T) -> T {
    with(act, || panic!("a file of a simulation is used outside of it"))
}

pub(crate) fn segment_bytes() -> Option<u64> {
    with(|_| Some(SMALL_SEGMENT_BYTES), || None)
}

pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    with(|disk| disk.read(path), || std::fs::read(path))
}

/// An entry of a directory.
#[derive(Debug)]
pub(crate) struct DirEntry(PathBuf);

impl DirEntry {
    pub(crate) fn path(&self) -> PathBuf {
        self.0.clone()
    }

    pub(crate) fn file_name(&self) -> OsString {
        self.0.file_name().unwrap_or_default().to_owned()
    }
}

pub(crate) fn read_dir(path: impl AsRef<Path>) -> io::Result<std::vec::IntoIter<io::Result<DirEntry>>> {
    let path = path.as_ref();
    let host = || std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect();
    let paths: Vec<PathBuf> = with(|disk| disk.list(path), host)?;
    let entries: Vec<_> = paths.into_iter().map(|path| Ok(DirEntry(path))).collect();
    Ok(entries.into_iter())
}

pub(crate) fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    with(|disk| disk.create_directory(path), || std::fs::create_dir(path))
}

pub(crate) fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    let memory = |disk: &mut MemoryDisk| {
        if disk.is_directory(path) {
            return Ok(());
        }
        disk.create_directory(path)
    };
    with(memory, || std::fs::create_dir_all(path))
}

pub(crate) fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    with(|disk| disk.remove_file(path), || std::fs::remove_file(path))
}

pub(crate) fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    with(|disk| disk.remove_all(path), || std::fs::remove_dir_all(path))
}

pub(crate) fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    with(|disk| disk.rename(from, to), || std::fs::rename(from, to))
}

/// What is known of a file besides its content.
#[derive(Debug)]
pub(crate) struct Metadata(Permissions);

impl Metadata {
    pub(crate) fn permissions(&self) -> Permissions {
        self.0.clone()
    }
}

pub(crate) fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref();
    let memory = |disk: &mut MemoryDisk| disk.mode(path).map(Permissions::from_mode);
    let host = || std::fs::metadata(path).map(|of| of.permissions());
    with(memory, host).map(Metadata)
}

/// An open file or directory.
#[derive(Debug)]
pub(crate) enum File {
    Host(std::fs::File),
    Memory(usize),
    MemoryDirectory(PathBuf),
}

impl File {
    pub(crate) fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let memory = |disk: &mut MemoryDisk| {
            if disk.is_directory(path) {
                return Ok(Self::MemoryDirectory(path.to_owned()));
            }
            disk.find(path).map(Self::Memory)
        };
        with(memory, || std::fs::File::open(path).map(Self::Host))
    }

    pub(crate) fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let memory = |disk: &mut MemoryDisk| match disk.find(path) {
            Ok(file) => {
                disk.set_len(file, 0);
                Ok(Self::Memory(file))
            }
            Err(_) => disk.create(path, 0o666).map(Self::Memory),
        };
        with(memory, || std::fs::File::create(path).map(Self::Host))
    }

    pub(crate) fn set_len(&self, length: u64) -> io::Result<()> {
        match self {
            Self::Host(file) => file.set_len(length),
            Self::Memory(file) => {
                on_memory(|disk| disk.set_len(*file, length));
                Ok(())
            }
            Self::MemoryDirectory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(crate) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        match self {
            Self::Host(file) => file.set_permissions(permissions),
            Self::Memory(file) => {
                on_memory(|disk| disk.set_mode(*file, permissions.mode()));
                Ok(())
            }
            Self::MemoryDirectory(_) => Ok(()),
        }
    }

    pub(crate) fn sync_all(&self) -> io::Result<()> {
        match self {
            Self::Host(file) => file.sync_all(),
            _ => self.sync_memory(),
        }
    }

    pub(crate) fn sync_data(&self) -> io::Result<()> {
        match self {
            Self::Host(file) => file.sync_data(),
            _ => self.sync_memory(),
        }
    }

    fn sync_memory(&self) -> io::Result<()> {
        match self {
            Self::Host(_) => {}
            Self::Memory(file) => on_memory(|disk| disk.sync(*file)),
            Self::MemoryDirectory(path) => on_memory(|disk| disk.sync_directory(path)),
        }
        Ok(())
    }
}

/// Reading and writing at an offset.
pub(crate) trait FileExt {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Replaces what is there.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
}

impl FileExt for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Host(file) => unix::FileExt::read_exact_at(file, buffer, offset),
            Self::Memory(file) => on_memory(|disk| disk.read_at(*file, buffer, offset)),
            Self::MemoryDirectory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Host(file) => unix::FileExt::write_all_at(file, bytes, offset),
            Self::Memory(file) => on_memory(|disk| disk.replace_at(*file, bytes, offset)),
            Self::MemoryDirectory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Host(file) => file.write(bytes),
            Self::Memory(file) => on_memory(|disk| disk.append(*file, bytes)),
            Self::MemoryDirectory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a file is opened; every file of a disk in memory is written at its end.
#[derive(Debug, Clone)]
pub(crate) struct OpenOptions {
    host: std::fs::OpenOptions,
    is_new: bool,
    mode: u32,
}

impl OpenOptions {
    pub(crate) fn new() -> Self {
        Self {
            host: std::fs::OpenOptions::new(),
            is_new: false,
            mode: 0o666,
        }
    }

    pub(crate) fn append(&mut self, append: bool) -> &mut Self {
        self.host.append(append);
        self
    }

    pub(crate) fn write(&mut self, write: bool) -> &mut Self {
        self.host.write(write);
        self
    }

    pub(crate) fn create_new(&mut self, create: bool) -> &mut Self {
        self.host.create_new(create);
        self.is_new = create;
        self
    }

    pub(crate) fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = path.as_ref();
        let memory = |disk: &mut MemoryDisk| {
            let file = if self.is_new {
                disk.create(path, self.mode)
            } else {
                disk.find(path)
            };
            file.map(File::Memory)
        };
        with(memory, || self.host.open(path).map(File::Host))
    }
}

/// The mode of a new file.
pub(crate) trait OpenOptionsExt {
    fn mode(&mut self, mode: u32) -> &mut Self;
}

impl OpenOptionsExt for OpenOptions {
    fn mode(&mut self, mode: u32) -> &mut Self {
        unix::OpenOptionsExt::mode(&mut self.host, mode);
        self.mode = mode;
        self
    }
}

/// How a directory is made.
#[derive(Debug)]
pub(crate) struct DirBuilder(std::fs::DirBuilder);

impl DirBuilder {
    pub(crate) fn new() -> Self {
        Self(std::fs::DirBuilder::new())
    }

    pub(crate) fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        with(|disk| disk.create_directory(path), || self.0.create(path))
    }
}

/// The mode of a new directory.
pub(crate) trait DirBuilderExt {
    fn mode(&mut self, mode: u32) -> &mut Self;
}

impl DirBuilderExt for DirBuilder {
    fn mode(&mut self, mode: u32) -> &mut Self {
        unix::DirBuilderExt::mode(&mut self.0, mode);
        self
    }
}
