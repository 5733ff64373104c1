//! The files of a job: fetched, and copied into the working directory of its load test before that is spawned.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use heavy_results::job::JobFile;

use super::failure::AssignmentFailure;
use crate::orders::Assignment;
use crate::shared::AgentShared;

/// Files that are fetched at a time.
const AT_ONCE: usize = 8;

/// Puts the files of an assignment into `dir`, where nothing is yet. Each is a copy: what the load test does to it stays there.
pub(super) async fn place(
    shared: &AgentShared,
    assignment: &Assignment,
    dir: &Path,
) -> Result<(), AssignmentFailure> {
    // All of them first: a copy that goes on after the assignment has ended must not bring them back.
    let dirs: BTreeSet<PathBuf> = assignment
        .spec
        .files
        .iter()
        .filter_map(|file| dir.join(&file.path).parent().map(Path::to_owned))
        .collect();
    let made = dirs
        .iter()
        .try_for_each(|dir| DirBuilder::new().recursive(true).mode(0o700).create(dir));
    made.map_err(|error| {
        AssignmentFailure::new(
            "fetch",
            format_args!("cannot make directories for files: {error}"),
        )
    })?;
    let placed = assignment.spec.files.iter().cloned().map(|file| {
        let to = dir.join(&file.path);
        place_one(shared, assignment, file, to)
    });
    stream::iter(placed).buffer_unordered(AT_ONCE).try_collect().await
}

async fn place_one(
    shared: &AgentShared,
    assignment: &Assignment,
    file: JobFile,
    to: PathBuf,
) -> Result<(), AssignmentFailure> {
    let shown = file.path.escape_debug();
    let cached = shared
        .cache
        .get(&file.sha256, file.size, &shared.artifacts_of(assignment))
        .await
        .map_err(|error| AssignmentFailure::new(error.kind(), format_args!("file `{shown}`: {error}")))?;
    let copied = tokio::task::spawn_blocking(move || copy(&cached.path, &to)).await;
    let copied = copied.map_err(AssignmentFailure::with_kind("internal"))?;
    copied.map_err(|error| {
        let problem = format_args!("cannot put the file `{shown}` into the working directory: {error}");
        AssignmentFailure::new("fetch", problem)
    })
}

/// Copies a file to where none is, in a directory that exists; on file systems that can, both share their blocks until one is written.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut options = OpenOptions::new();
    let mut to = options.write(true).create_new(true).mode(0o644).open(to)?;
    io::copy(&mut from, &mut to).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_copy_can_be_written_without_harm_to_the_original() {
        let temp = tempfile::tempdir().unwrap();
        let (from, to) = (temp.path().join("a"), temp.path().join("work/data/a.csv"));
        fs::write(&from, "one").unwrap();
        let gone = copy(&from, &to);
        assert!(
            gone.is_err() && !temp.path().join("work").exists(),
            "a working directory that was removed stays so"
        );
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::set_permissions(&from, fs::Permissions::from_mode(0o444)).unwrap();
        copy(&from, &to).unwrap();
        fs::write(&to, "two").unwrap();
        assert_eq!(fs::read_to_string(&from).unwrap(), "one");
        let again = copy(&from, &to).unwrap_err();
        assert_eq!(
            again.kind(),
            io::ErrorKind::AlreadyExists,
            "nothing is overwritten"
        );
    }
}
