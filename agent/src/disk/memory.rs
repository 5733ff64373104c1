//! A disk in memory: a crash of the process keeps what was written, a power failure only what was synced.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Files and directories by path. Its own paths are absolute, and the root exists.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    names: BTreeMap<PathBuf, Node>,
    files: Vec<Inode>,
    /// What a power failure may undo, in order.
    unsynced: Vec<NameChange>,
    is_full: bool,
    /// Changes until the process that makes them is to be dead, and how much of the last write is there then, in thousandths.
    death: Option<(u64, u64)>,
    /// The disk when that process died, which goes on without knowing.
    at_death: Option<Box<MemoryDisk>>,
    changes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Directory,
    File(usize),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    bytes: Vec<u8>,
    synced: usize,
    /// What was replaced since the last sync, and where, in order.
    replaced: Vec<(usize, Vec<u8>)>,
    mode: u32,
}

impl Inode {
    fn replace(&mut self, at: usize, bytes: &[u8]) {
        let place = &mut self.bytes[at..at + bytes.len()];
        self.replaced.push((at, place.to_vec()));
        place.copy_from_slice(bytes);
    }
}

/// A change of a directory.
#[derive(Debug, Clone)]
enum NameChange {
    Created(PathBuf),
    Removed(PathBuf, Node),
    Renamed(PathBuf, PathBuf),
}

impl NameChange {
    fn directory(&self) -> Option<&Path> {
        let (Self::Created(path) | Self::Removed(path, _) | Self::Renamed(_, path)) = self;
        path.parent()
    }
}

impl MemoryDisk {
    /// Makes a directory of which a power failure leaves everything.
    pub fn make_directory(&mut self, path: impl Into<PathBuf>) {
        self.names.insert(path.into(), Node::Directory);
    }

    /// Whether nothing more can be written.
    pub const fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    /// How often something was changed so far.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// The process that changes the disk is to die at the n-th change from now (from 1), of which `thousandths` are made if
    /// it is a write.
    pub const fn die_at(&mut self, change: u64, thousandths: u64) {
        self.death = Some((change, thousandths));
    }

    /// The process is dead, now or since [`Self::die_at`]: what came later was never done. Returns whether it died then.
    pub fn bury(&mut self) -> bool {
        self.death = None;
        let Some(disk) = self.at_death.take() else {
            return false;
        };
        *self = *disk;
        true
    }

    /// The power fails: what was not synced may be lost, as `random` decides by a number below its argument.
    pub fn fail_power(&mut self, mut random: impl FnMut(u64) -> u64) {
        let changes = std::mem::take(&mut self.unsynced);
        // Directories are changed in order.
        let kept = random(changes.len() as u64 + 1) as usize;
        for change in changes.into_iter().skip(kept).rev() {
            match change {
                NameChange::Created(path) => self.names.retain(|name, _| !name.starts_with(&path)),
                NameChange::Removed(path, node) => {
                    self.names.insert(path, node);
                }
                NameChange::Renamed(from, to) => self.move_names(&to, &from),
            }
        }
        for file in &mut self.files {
            let kept = random(file.replaced.len() as u64 + 1) as usize;
            for (at, old) in std::mem::take(&mut file.replaced).into_iter().skip(kept).rev() {
                file.bytes[at..at + old.len()].copy_from_slice(&old);
            }
            let unsynced = file.bytes.len() - file.synced;
            let kept = random(unsynced as u64 + 1) as usize;
            file.bytes.truncate(file.synced + kept);
            // A file may have grown before what it holds is there.
            if kept > 0 && random(3) == 0 {
                let lost = random(kept as u64) as usize;
                let from = file.bytes.len() - lost;
                file.bytes[from..].fill(0);
            }
            file.synced = file.bytes.len();
        }
    }

    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.find(path)?;
        Ok(self.files[file].bytes.clone())
    }

    pub(crate) fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        match self.names.get(directory) {
            Some(Node::Directory) => {}
            _ => return Err(io::ErrorKind::NotFound.into()),
        }
        let below = self.names.range(directory.to_owned()..).skip(1);
        let below = below
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(directory));
        Ok(below
            .filter(|path| path.parent() == Some(directory))
            .cloned()
            .collect())
    }

    pub(crate) fn mode(&self, path: &Path) -> io::Result<u32> {
        Ok(self.files[self.find(path)?].mode)
    }

    pub(crate) fn find(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(crate) fn is_directory(&self, path: &Path) -> bool {
        self.names.get(path) == Some(&Node::Directory)
    }

    pub(crate) fn create(&mut self, path: &Path, mode: u32) -> io::Result<usize> {
        self.make_room_in(path)?;
        let file = self.files.len();
        self.change();
        self.files.push(Inode {
            mode,
            ..Inode::default()
        });
        self.names.insert(path.to_owned(), Node::File(file));
        self.unsynced.push(NameChange::Created(path.to_owned()));
        Ok(file)
    }

    pub(crate) fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        self.make_room_in(path)?;
        self.change();
        self.names.insert(path.to_owned(), Node::Directory);
        self.unsynced.push(NameChange::Created(path.to_owned()));
        Ok(())
    }

    pub(crate) fn append(&mut self, file: usize, bytes: &[u8]) -> io::Result<usize> {
        let room = if self.is_full {
            bytes.len() / 2
        } else {
            bytes.len()
        };
        if let Some((1, thousandths)) = self.death {
            let written = room * thousandths.min(1000) as usize / 1000;
            self.die(Some((file, &bytes[..written])));
        }
        self.change();
        self.files[file].bytes.extend_from_slice(&bytes[..room]);
        if self.is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(room)
    }

    /// Replaces what is there, for which a full disk has room.
    pub(crate) fn replace_at(&mut self, file: usize, bytes: &[u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = at.saturating_add(bytes.len());
        if end > self.files[file].bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if let Some((1, thousandths)) = self.death {
            let written = bytes.len() * thousandths.min(1000) as usize / 1000;
            self.die(None);
            if let Some(disk) = &mut self.at_death {
                disk.files[file].replace(at, &bytes[..written]);
            }
        }
        self.change();
        self.files[file].replace(at, bytes);
        Ok(())
    }

    pub(crate) fn read_at(&self, file: usize, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.files[file].bytes.get(from..);
        match bytes.and_then(|bytes| bytes.get(..buffer.len())) {
            Some(bytes) => buffer.copy_from_slice(bytes),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }

    pub(crate) fn set_len(&mut self, file: usize, length: u64) {
        self.change();
        let file = &mut self.files[file];
        file.replaced.clear();
        file.bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        file.synced = file.synced.min(file.bytes.len());
    }

    pub(crate) fn set_mode(&mut self, file: usize, mode: u32) {
        self.change();
        self.files[file].mode = mode;
    }

    pub(crate) fn sync(&mut self, file: usize) {
        self.change();
        let file = &mut self.files[file];
        file.replaced.clear();
        file.synced = file.bytes.len();
    }

    pub(crate) fn sync_directory(&mut self, path: &Path) {
        self.change();
        self.unsynced.retain(|change| change.directory() != Some(path));
    }

    pub(crate) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        self.remove(path);
        Ok(())
    }

    pub(crate) fn remove_all(&mut self, path: &Path) -> io::Result<()> {
        if !self.is_directory(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let below = self.names.range(path.to_owned()..).map(|(name, _)| name.clone());
        let mut below: Vec<PathBuf> = below.take_while(|name| name.starts_with(path)).collect();
        while let Some(name) = below.pop() {
            self.remove(&name);
        }
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.names.contains_key(from) || self.names.contains_key(to) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.change();
        self.move_names(from, to);
        self.unsynced
            .push(NameChange::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&mut self, path: &Path) {
        self.change();
        if let Some(node) = self.names.remove(path) {
            self.unsynced.push(NameChange::Removed(path.to_owned(), node));
        }
    }

    fn move_names(&mut self, from: &Path, to: &Path) {
        let moved = self.names.extract_if(.., |name, _| name.starts_with(from));
        let moved: Vec<(PathBuf, Node)> = moved.collect();
        for (name, node) in moved {
            let rest = name.strip_prefix(from).unwrap_or(Path::new(""));
            let name = if rest.as_os_str().is_empty() {
                to.to_owned()
            } else {
                to.join(rest)
            };
            self.names.insert(name, node);
        }
    }

    fn make_room_in(&self, path: &Path) -> io::Result<()> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !path.parent().is_some_and(|parent| self.is_directory(parent)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if self.is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// Counts a change that is about to be made.
    fn change(&mut self) {
        self.changes += 1;
        match &mut self.death {
            Some((1, _)) => self.die(None),
            Some((left, _)) => *left -= 1,
            None => {}
        }
    }

    fn die(&mut self, written: Option<(usize, &[u8])>) {
        self.death = None;
        let mut disk = Box::new(self.clone());
        if let Some((file, bytes)) = written {
            disk.files[file].bytes.extend_from_slice(bytes);
        }
        self.at_death = Some(disk);
    }
}
