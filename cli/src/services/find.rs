//! Finds the services: in `services/` here or in a parent directory, as cargo finds its workspace.

use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::{MANIFEST, SERVICES};
use heavy_client::Fault;

use crate::exit::CommandFailure;
use heavy_results::nearest::hint;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    /// The name of the services directory.
    pub(super) services: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// The name of its directory.
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
}

impl Home {
    /// The directory that was given, or the nearest one from here upwards, if there is any.
    pub(crate) fn find(given: Option<&Path>) -> Result<Option<Self>, CommandFailure> {
        if let Some(services) = given {
            if !services.is_dir() {
                return Err(CommandFailure::usage(format!(
                    "no directory {} (--services or HEAVY_SERVICES): expected the directory that holds a directory for each service",
                    services.display()
                )));
            }
            return Ok(Some(Self {
                services: services.to_owned(),
            }));
        }
        let here = std::env::current_dir().map_err(|error| {
            CommandFailure::new(format!("cannot determine the working directory: {error}"))
        })?;
        Ok(upwards(&here, is_home).map(|directory| Self {
            services: directory.join(SERVICES),
        }))
    }

    /// The services, by name.
    pub(crate) fn names(&self) -> Result<Vec<String>, CommandFailure> {
        let unreadable =
            |error| CommandFailure::new(format!("cannot read {}: {error}", self.services.display()));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.services).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if let Some(name) = path.file_name().and_then(|name| name.to_str())
                && path.join(MANIFEST).is_file()
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Whether this is a service, or a directory that was meant to be one.
    pub(crate) fn has(&self, name: &str) -> bool {
        !name.is_empty() && !name.starts_with('.') && self.services.join(name).is_dir()
    }

    pub(crate) fn service(&self, name: &str) -> Service {
        Service {
            name: name.to_owned(),
            directory: self.services.join(name),
        }
    }

    /// The known services, as a hint for an unknown `name`.
    pub(crate) fn instead_of(&self, name: &str) -> Result<String, CommandFailure> {
        let names = self.names()?;
        let place = shown(&self.services);
        if names.is_empty() {
            return Ok(format!(
                "no services in {place} yet; `heavy new service NAME` creates one"
            ));
        }
        Ok(format!(
            "known services in {place}: {}{}",
            names.join(", "),
            hint(name, names.iter().map(String::as_str))
        ))
    }
}

impl Service {
    /// The service that lives in this very directory, if one does.
    pub(crate) fn in_directory(directory: &Path) -> Option<Self> {
        let directory = directory.canonicalize().ok()?;
        let name = directory.file_name()?.to_str()?.to_owned();
        directory
            .join(MANIFEST)
            .is_file()
            .then_some(Self { name, directory })
    }

    pub(super) fn manifest(&self) -> Result<Manifest, CommandFailure> {
        let file = self.directory.join(MANIFEST);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(CommandFailure::usage(format!(
                    "{} is not a service: it has no {MANIFEST}; `heavy new service {}` creates one",
                    shown(&self.directory),
                    self.name
                )));
            }
            Err(error) => {
                return Err(CommandFailure::usage(format!(
                    "cannot read {}: {error}",
                    shown(&file)
                )));
            }
        };
        let name = shown(&file);
        let failure = |fault: Fault| CommandFailure::usage(fault.show(Path::new(&name), &text));
        Manifest::parse(&text).map_err(failure)
    }
}

/// The first directory from `start` upwards for which `wanted` holds.
fn upwards(start: &Path, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    start
        .ancestors()
        .find(|directory| wanted(directory))
        .map(Path::to_owned)
}

/// Whether `services/` here is a services directory: a service is in it, or a workspace around it.
fn is_home(directory: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(directory.join(SERVICES)) else {
        return false;
    };
    let mut entries = entries.filter_map(Result::ok);
    entries.any(|entry| entry.path().join(MANIFEST).is_file()) || is_workspace(&directory.join("Cargo.toml"))
}

/// Whether a manifest of cargo is that of a workspace.
pub(super) fn is_workspace(manifest: &Path) -> bool {
    cargo_manifest(manifest).contains_key("workspace")
}

/// A manifest of cargo; empty if it cannot be read.
pub(super) fn cargo_manifest(file: &Path) -> toml::Table {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    toml::from_str(&text).unwrap_or_default()
}

/// A path relative to the working directory, where possible.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let short = path.strip_prefix(&here).unwrap_or(path);
    if short.as_os_str().is_empty() {
        return ".".to_owned();
    }
    heavy_report::escape(&short.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_one_upwards_counts() {
        let found = |start: &str, homes: &[&str]| {
            upwards(Path::new(start), |directory| {
                homes.iter().any(|home| Path::new(home) == directory)
            })
        };
        assert_eq!(found("/a/b/c", &["/a", "/"]), Some("/a".into()));
        assert_eq!(found("/a", &["/a"]), Some("/a".into()));
        assert_eq!(found("/a", &["/a/b"]), None);
    }
}
