//! Where a new workspace finds heavy-sdk: beside the executable, in the directory that it was built from, or what flags say.

use std::path::{Path, PathBuf};

use crate::exit::CommandFailure;
use crate::services::find::cargo_manifest;

/// The sources beside an executable that was unpacked from an archive (`scripts/release`).
const UNPACKED: &str = "src";

/// The SDK beside the source of this executable.
const BAKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk");

/// Where to find heavy-sdk.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct SdkFlags {
    /// Directory of heavy-sdk, or of a clone of heavy [default: the sources installed with this heavy, or those it was built from]
    #[arg(long, value_name = "DIR", env = "HEAVY_SDK_PATH")]
    sdk_path: Option<PathBuf>,
    /// Git repository with heavy-sdk; URL#REV selects a commit, branch or tag
    #[arg(long, value_name = "URL[#REV]", env = "HEAVY_SDK_GIT")]
    sdk_git: Option<String>,
    /// Version of heavy-sdk in the registry
    #[arg(long, value_name = "VERSION", env = "HEAVY_SDK_VERSION")]
    sdk_version: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sdk {
    /// The value of `heavy-sdk =` in a Cargo.toml.
    pub(super) dependency: String,
    /// The Cargo.lock with the versions that the SDK was tested with, if there is one.
    pub(super) lock: Option<PathBuf>,
}

impl SdkFlags {
    /// Refuses flags that would do nothing.
    pub(super) fn refuse(&self, why: &str) -> Result<(), CommandFailure> {
        // Variables are defaults for new workspaces; what is typed was meant.
        let typed = std::env::args().any(|arg| arg.starts_with("--sdk-"));
        if typed {
            return Err(CommandFailure::usage(format!(
                "{why}: leave --sdk-path, --sdk-git and --sdk-version out, or change heavy-sdk in its Cargo.toml"
            )));
        }
        Ok(())
    }

    /// The dependency that flags ask for, or else that on the SDK beside this executable or its source.
    pub(super) fn dependency(&self) -> Result<Sdk, CommandFailure> {
        if let Some(url) = &self.sdk_git {
            return Ok(Sdk {
                dependency: of_git(url),
                lock: None,
            });
        }
        if let Some(version) = &self.sdk_version {
            return Ok(Sdk {
                dependency: quoted(version),
                lock: None,
            });
        }
        if self.sdk_path.is_none()
            && let Some(sdk) = unpacked()
        {
            return Ok(sdk);
        }
        let (path, advice) = match &self.sdk_path {
            Some(path) => (
                path.as_path(),
                "expected the directory of heavy-sdk or of a clone of heavy",
            ),
            None => (
                Path::new(BAKED),
                "the sources that belong to this heavy no longer exist: add --sdk-path DIR, --sdk-git URL or --sdk-version VERSION",
            ),
        };
        of_path(path)
            .ok_or_else(|| CommandFailure::usage(format!("no heavy-sdk in {}; {advice}", path.display())))
    }
}

fn of_git(url: &str) -> String {
    match url.split_once('#') {
        Some((url, rev)) => format!("{{ git = {}, rev = {} }}", quoted(url), quoted(rev)),
        None => format!("{{ git = {} }}", quoted(url)),
    }
}

/// The SDK that was unpacked with this executable.
fn unpacked() -> Option<Sdk> {
    of_path(&std::env::current_exe().ok()?.parent()?.join(UNPACKED))
}

/// The SDK in this directory, or in its `sdk/`.
fn of_path(path: &Path) -> Option<Sdk> {
    let mut directories = [path.to_owned(), path.join("sdk")].into_iter();
    let directory = directories
        .find(|directory| is_sdk(directory))?
        .canonicalize()
        .ok()?;
    let lock = directory.parent()?.join("Cargo.lock");
    Some(Sdk {
        dependency: format!("{{ path = {} }}", quoted(directory.to_str()?)),
        lock: lock.is_file().then_some(lock),
    })
}

fn is_sdk(directory: &Path) -> bool {
    let manifest = cargo_manifest(&directory.join("Cargo.toml"));
    manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        == Some("heavy-sdk")
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_beside_this_source_is_found_with_its_lock() {
        let sdk = of_path(Path::new(BAKED)).unwrap();
        assert!(
            sdk.dependency.starts_with("{ path = \"/") && sdk.dependency.ends_with("/sdk\" }"),
            "{sdk:?}"
        );
        assert!(sdk.lock.is_some());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(of_path(root), Some(sdk));
        assert_eq!(of_path(Path::new("/no/such/directory")), None);
    }

    #[test]
    fn dependencies_are_toml_whatever_is_in_them() {
        for dependency in [of_git("https://x/y#v1"), of_git("a\"b\\"), quoted("0.1\n")] {
            let line = format!("heavy-sdk = {dependency}\n");
            assert!(toml::from_str::<toml::Table>(&line).is_ok(), "{line}");
        }
        assert_eq!(of_git("https://x/y#v1"), r#"{ git = "https://x/y", rev = "v1" }"#);
    }
}
