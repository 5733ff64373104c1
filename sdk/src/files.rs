//! Where a load test finds its files: in its working directory, or beside its package when cargo runs it.

use std::path::{Component, Path, PathBuf};

use crate::{Error, Result};

/// Set by `cargo run` to the package's directory; agents do not pass it on.
const PACKAGE: &str = "CARGO_MANIFEST_DIR";

/// The path of a file of this load test, such as `data/accounts.csv`.
///
/// An agent puts the files of the job into the working directory. By hand, the file is looked up in the current directory,
/// then, under `cargo run`, in the directory of the package.
///
/// ```no_run
/// # fn read() -> heavy_sdk::Result<()> {
/// let template = std::fs::read_to_string(heavy_sdk::find_file("data/order.json")?)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If there is no such file; the message names the paths that were tried and how a job gets the file.
pub fn find_file(path: impl AsRef<Path>) -> Result<PathBuf> {
    let package = std::env::var_os(PACKAGE).map(PathBuf::from);
    find_below(path.as_ref(), package.as_deref())
}

/// [`find_file`] for a package in this directory, if any.
fn find_below(path: &Path, package: Option<&Path>) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path.to_owned());
    }
    let beside = package
        .filter(|_| path.is_relative())
        .map(|package| package.join(path));
    if let Some(beside) = beside.as_ref().filter(|beside| beside.exists()) {
        return Ok(beside.clone());
    }
    let here = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut tried = here.display().to_string();
    if let Some(beside) = beside.filter(|beside| *beside != here) {
        tried.push_str(&format!(" and {}", beside.display()));
    }
    Err(Error::msg(format!(
        "file not found: tried {tried}; an agent has only the files of the job: {}",
        advice(path)
    )))
}

/// How a job gets this file. Jobs take along only what lies below the service's directory.
fn advice(path: &Path) -> String {
    let is_below = |path: &Path| {
        let mut parts = path.components();
        parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    };
    let add = |path: &Path| {
        let path = path.display();
        format!("add {path} to `files` in the service's heavy.toml, or use --with {path}")
    };
    match path.file_name() {
        Some(name) if !is_below(path) => {
            let name = Path::new(name);
            let shown = name.display();
            format!(
                "copy it into the service's directory, open it as {shown}, and {}",
                add(name)
            )
        }
        _ => add(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_testkit::TempDir;

    #[test]
    fn the_package_comes_after_the_current_directory() {
        let temp = TempDir::new("files");
        let package = temp.path();
        std::fs::create_dir_all(temp.join("data")).unwrap();
        std::fs::write(temp.join("data/a.csv"), "").unwrap();
        std::fs::write(temp.join("Cargo.toml"), "").unwrap();
        let find = |path: &str, package| find_below(Path::new(path), package);
        assert_eq!(
            find("data/a.csv", Some(package)).unwrap(),
            temp.join("data/a.csv")
        );
        // Tests run in the directory of the package.
        assert_eq!(
            find("Cargo.toml", Some(package)).unwrap(),
            Path::new("Cargo.toml")
        );
        let here = std::env::current_dir().unwrap();
        let problem = find("data/b.csv", Some(package)).unwrap_err().to_string();
        for part in [
            format!(
                "tried {}/data/b.csv and {}/data/b.csv;",
                here.display(),
                package.display()
            ),
            "`files` in the service's heavy.toml, or use --with data/b.csv".to_owned(),
        ] {
            assert!(problem.contains(&part), "{problem}");
        }
        let problem = find("/no/such", Some(package)).unwrap_err().to_string();
        assert!(problem.contains("tried /no/such;"), "{problem}");
        for outside in ["/no/such.csv", "../../no/such.csv", "data/../../such.csv"] {
            let problem = find(outside, Some(package)).unwrap_err().to_string();
            let part =
                "copy it into the service's directory, open it as such.csv, and add such.csv to `files`";
            assert!(problem.contains(part), "{problem}");
            assert!(problem.ends_with("use --with such.csv"), "{problem}");
        }
        assert!(find("data/a.csv", None).is_err());
    }
}
