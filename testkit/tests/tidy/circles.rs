//! Circles of files: files of a crate that take names from each other in a ring, so that none can be read first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::modules::Crate;
use super::{ARROWS, root};

/// Circles that remain, each with its reason in ARCHITECTURE.md.
const MOST: usize = 1;

#[test]
fn files_take_names_from_each_other_one_way() {
    let mut circles = Vec::new();
    for folder in ARROWS.iter().map(|(folder, _)| *folder).chain(["cli"]) {
        let read = Crate::read(&root(), folder);
        let uses = read.uses();
        circles.extend(rings(&uses).iter().map(|ring| describe(ring, &uses)));
    }
    let found = circles.len();
    assert!(
        found <= MOST,
        "{found} circles of files, {MOST} at most:\n{}",
        circles.join("\n")
    );
}

type Uses<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, String>>;

/// Sets of files each of which leads to every other, of two files or more.
fn rings<'a>(uses: &Uses<'a>) -> Vec<BTreeSet<&'a Path>> {
    let reach: BTreeMap<&Path, BTreeSet<&Path>> =
        uses.keys().map(|file| (*file, reached(file, uses))).collect();
    let mut found: Vec<BTreeSet<&Path>> = Vec::new();
    for (file, reached) in &reach {
        let back = reached.iter().filter(|other| reach[*other].contains(file));
        let ring: BTreeSet<&Path> = back.copied().collect();
        if ring.len() > 1 && !found.contains(&ring) {
            found.push(ring);
        }
    }
    found
}

fn reached<'a>(from: &Path, uses: &Uses<'a>) -> BTreeSet<&'a Path> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&Path> = uses[from].keys().copied().collect();
    while let Some(file) = next.pop() {
        if found.insert(file) {
            next.extend(uses[file].keys().copied());
        }
    }
    found
}

/// The files of a ring, and which names tie them.
fn describe(ring: &BTreeSet<&Path>, uses: &Uses<'_>) -> String {
    let mut text = String::from("circle:\n");
    for file in ring {
        for (other, name) in uses[file].iter().filter(|(other, _)| ring.contains(*other)) {
            text.push_str(&format!(
                "  {} takes {name} from {}\n",
                file.display(),
                other.display()
            ));
        }
    }
    text
}
