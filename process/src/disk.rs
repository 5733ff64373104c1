//! What a data directory holds, and how much space each part of it takes.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Deeper directories are not looked at: working directories of load tests can hold anything.
const DEEPEST: usize = 32;

/// A part of a data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataPart {
    /// For people.
    pub name: &'static str,
    /// Where it is; of agents and configurations, the directory that holds theirs.
    pub path: PathBuf,
    /// The space that it takes on the disk.
    pub bytes: u64,
    /// Its files. One that is in another part too takes space there only, and counts there only.
    pub files: u64,
}

/// The directory of an agent and its part of it, for all agents.
const OF_AGENTS: [(&str, &str); 3] = [
    ("agent caches", "cache"),
    ("undelivered results", "spool"),
    ("working directories", "work"),
];

/// Everything in a data directory but the results database. What cannot be read counts as nothing.
#[must_use]
pub fn parts(data_dir: &Path) -> Vec<DataPart> {
    let mut seen = HashSet::new();
    let mut part = |name, path: PathBuf, dirs: &[PathBuf]| {
        let mut part = DataPart {
            name,
            path,
            bytes: 0,
            files: 0,
        };
        dirs.iter().for_each(|dir| add(dir, &mut part, &mut seen, 0));
        part
    };
    let artifacts = data_dir.join("artifacts");
    let mut parts = vec![part("binaries and files", artifacts.clone(), &[artifacts])];
    let below = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten();
    let agents = below(data_dir.join("agents")).map(|entry| entry.path());
    let of_commands = below(data_dir.join("runs")).map(|entry| entry.path().join("agent"));
    let each: Vec<PathBuf> = agents.chain(of_commands).collect();
    for (name, below) in OF_AGENTS {
        let dirs: Vec<PathBuf> = each.iter().map(|agent| agent.join(below)).collect();
        parts.push(part(name, data_dir.to_owned(), &dirs));
    }
    let settings = ["configs", "env"].map(|below| data_dir.join(below));
    parts.push(part("configurations", data_dir.to_owned(), &settings));
    parts
}

/// Adds what is below a directory, each inode once.
fn add(dir: &Path, part: &mut DataPart, seen: &mut HashSet<(u64, u64)>, depth: usize) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() && depth < DEEPEST {
            add(&entry.path(), part, seen, depth + 1);
        } else if metadata.is_file()
            && (metadata.nlink() == 1 || seen.insert((metadata.dev(), metadata.ino())))
        {
            part.bytes += on_disk(&metadata);
            part.files += 1;
        }
    }
}

/// The space of a file on its disk, whose blocks have 512 bytes in every count.
fn on_disk(metadata: &Metadata) -> u64 {
    metadata.blocks() * 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_counts_once() {
        let temp = tempfile::tempdir().unwrap();
        for dir in [
            "artifacts",
            "agents/a/cache",
            "runs/b/agent/cache",
            "runs/b/agent/spool",
            "configs",
        ] {
            fs::create_dir_all(temp.path().join(dir)).unwrap();
        }
        fs::write(temp.path().join("artifacts/x"), vec![1; 100_000]).unwrap();
        let link = |to: &str| fs::hard_link(temp.path().join("artifacts/x"), temp.path().join(to)).unwrap();
        link("agents/a/cache/x");
        link("runs/b/agent/cache/x");
        fs::write(temp.path().join("runs/b/agent/cache/y"), vec![2; 50_000]).unwrap();
        fs::write(temp.path().join("runs/b/agent/spool/z"), vec![3; 10]).unwrap();
        let parts = parts(temp.path());
        let of = |name: &str| parts.iter().find(|part| part.name == name).unwrap();
        assert!(of("binaries and files").bytes >= 100_000 && of("binaries and files").files == 1);
        let caches = of("agent caches");
        assert!(
            (50_000..100_000).contains(&caches.bytes) && caches.files == 1,
            "{caches:?}"
        );
        assert_eq!(
            (of("undelivered results").files, of("working directories").files),
            (1, 0)
        );
        assert_eq!(super::parts(Path::new("/no/such")).len(), parts.len());
    }
}
