//! Where the programs of the workspace are.

use std::path::{Path, PathBuf};

/// The path of a program of the workspace, built with the profile of the running test.
///
/// Cargo builds a package's programs only for that package's own tests, and never rebuilds another
/// package's: after a change to it, build it again.
///
/// # Panics
/// When it is not built; the message says which command builds it.
#[track_caller]
pub fn binary(name: &str) -> PathBuf {
    built("", "--bin", name)
}

/// The path of an example program (`examples/NAME.rs` of a package) of the workspace; else as [`binary`](binary()).
///
/// # Panics
/// As [`binary`](binary()).
#[track_caller]
pub fn example(name: &str) -> PathBuf {
    built("examples", "--example", name)
}

/// A program below the profile's directory, which cargo builds with `flag`.
#[track_caller]
fn built(below: &str, flag: &str, name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test executable has a path");
    let folder = profile_folder(&test);
    let beside = folder.join(below).join(name);
    let path = if beside.is_file() {
        beside
    } else {
        target_folder(folder).join(below).join(name)
    };
    let release = if folder.ends_with("release") {
        " --release"
    } else {
        ""
    };
    assert!(
        path.is_file(),
        "{} is not built: run `cargo build{release} {flag} {name}` (or `scripts/test`, which builds all it needs)",
        path.display()
    );
    path
}

/// `target/PROFILE` of an executable in `target/PROFILE/deps`, or directly in it.
fn profile_folder(executable: &Path) -> &Path {
    let folder = executable.parent().expect("an executable is in a directory");
    match folder.file_name() {
        Some(name) if name == "deps" || name == "examples" => folder.parent().unwrap_or(folder),
        _ => folder,
    }
}

/// The profile's directory of the programs themselves, when cargo's `build.build-dir` keeps what it compiles elsewhere.
fn target_folder(compiled: &Path) -> PathBuf {
    let profile = compiled.file_name().unwrap_or_default();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    target.join(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_folder_is_above_deps() {
        assert_eq!(
            profile_folder(Path::new("/t/debug/deps/cli-1f")),
            Path::new("/t/debug")
        );
        assert_eq!(
            profile_folder(Path::new("/t/release/heavy")),
            Path::new("/t/release")
        );
    }

    #[test]
    #[should_panic(expected = "cargo build --bin no-such-program")]
    fn a_missing_program_names_the_command_that_builds_it() {
        binary("no-such-program");
    }

    #[test]
    #[should_panic(expected = "cargo build --example no-such-program")]
    fn so_does_a_missing_example() {
        example("no-such-program");
    }
}
