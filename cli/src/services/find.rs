//! Where the services are: in `services/` of this folder or of one above, as cargo looks for its workspace.

use std::path::{Path, PathBuf};

use super::excerpt::Fault;
use super::manifest::Manifest;
use super::nearest::hint;
use super::{MANIFEST, SERVICES};
use crate::exit::Failure;

/// A services directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    /// The folder of services.
    pub(super) services: PathBuf,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// The name of its folder.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
}

impl Home {
    /// The directory that was given, or the nearest one from here upwards, if there is any.
    pub(crate) fn find(given: Option<&Path>) -> Result<Option<Self>, Failure> {
        if let Some(services) = given {
            if !services.is_dir() {
                return Err(Failure::usage(format!(
                    "--services: there is no folder {}; give the folder that has a folder for each service",
                    services.display()
                )));
            }
            return Ok(Some(Self {
                services: services.to_owned(),
            }));
        }
        let here = std::env::current_dir()
            .map_err(|error| Failure::new(format!("cannot tell the working folder: {error}")))?;
        Ok(upwards(&here, is_home).map(|folder| Self {
            services: folder.join(SERVICES),
        }))
    }

    /// The services, by name.
    pub(crate) fn names(&self) -> Result<Vec<String>, Failure> {
        let unreadable = |error| Failure::new(format!("cannot read {}: {error}", self.services.display()));
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

    /// Whether this is a service, or a folder that was meant to be one.
    pub(crate) fn has(&self, name: &str) -> bool {
        !name.is_empty() && !name.starts_with('.') && self.services.join(name).is_dir()
    }

    /// A service by name.
    pub(crate) fn service(&self, name: &str) -> Service {
        Service {
            name: name.to_owned(),
            folder: self.services.join(name),
        }
    }

    /// What there is, for somebody who has asked for `name`.
    pub(crate) fn instead_of(&self, name: &str) -> Result<String, Failure> {
        let names = self.names()?;
        let place = shown(&self.services);
        if names.is_empty() {
            return Ok(format!(
                "there are no services in {place} yet; `heavy new service NAME` writes one"
            ));
        }
        Ok(format!(
            "the services in {place} are {}{}",
            names.join(", "),
            hint(name, names.iter().map(String::as_str))
        ))
    }
}

impl Service {
    /// The service that lives in this very folder, if one does.
    pub(crate) fn of_folder(folder: &Path) -> Option<Self> {
        let folder = folder.canonicalize().ok()?;
        let name = folder.file_name()?.to_str()?.to_owned();
        folder.join(MANIFEST).is_file().then_some(Self { name, folder })
    }

    /// Reads its `heavy.toml`.
    pub(super) fn manifest(&self) -> Result<Manifest, Failure> {
        let file = self.folder.join(MANIFEST);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Failure::usage(format!(
                    "{} is no service: it has no {MANIFEST}; `heavy new service {}` writes what is missing",
                    shown(&self.folder),
                    self.name
                )));
            }
            Err(error) => {
                return Err(Failure::usage(format!("cannot read {}: {error}", shown(&file))));
            }
        };
        let told = |fault: Fault| Failure::usage(fault.show(Path::new(&shown(&file)), &text));
        Manifest::parse(&text).map_err(told)
    }
}

/// The first folder from `start` upwards for which `wanted` holds.
fn upwards(start: &Path, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    start
        .ancestors()
        .find(|folder| wanted(folder))
        .map(Path::to_owned)
}

/// Whether `services/` here is a services directory: a service is in it, or a workspace around it.
fn is_home(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder.join(SERVICES)) else {
        return false;
    };
    let mut entries = entries.filter_map(Result::ok);
    entries.any(|entry| entry.path().join(MANIFEST).is_file()) || is_workspace(&folder.join("Cargo.toml"))
}

/// Whether a manifest of cargo is that of a workspace.
pub(super) fn is_workspace(manifest: &Path) -> bool {
    let text = std::fs::read_to_string(manifest).unwrap_or_default();
    toml::from_str::<toml::Table>(&text).is_ok_and(|table| table.contains_key("workspace"))
}

/// A path as somebody here would write it.
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
            upwards(Path::new(start), |folder| {
                homes.iter().any(|home| Path::new(home) == folder)
            })
        };
        assert_eq!(found("/a/b/c", &["/a", "/"]), Some("/a".into()));
        assert_eq!(found("/a", &["/a"]), Some("/a".into()));
        assert_eq!(found("/a", &["/a/b"]), None);
    }
}
