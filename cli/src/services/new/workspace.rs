//! The cargo workspace around the services: a new one, or what an existing one offers.

use std::path::{Path, PathBuf};

use super::NewFiles;
use super::sdk::Sdk;
use crate::exit::CommandFailure;
use crate::services::SERVICES;
use crate::services::find::{is_workspace, shown};

/// The helper in `common` that templates use where it is.
const HELPER: &str = "pub fn target_url(";

/// What a workspace needs to have services in it.
const WORKSPACE_ADVICE: &str = "\
[workspace]
members = [\"services/*\"]

[workspace.dependencies]
heavy-sdk = { path = \"/path/to/heavy/sdk\" }";

/// What a workspace offers to the services in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Workspace {
    pub(super) directory: PathBuf,
    /// Whether `common` is there, with the helper.
    pub(super) is_helpful: bool,
}

impl Workspace {
    /// One as [`files`] writes it.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            is_helpful: true,
        }
    }

    /// The one around these services; it must be ready for a service of this name.
    pub(super) fn around(services: &Path, name: &str) -> Result<Self, CommandFailure> {
        let services = services.canonicalize()?;
        let mut above = services.ancestors().skip(1);
        let root = above.find(|directory| is_workspace(&directory.join("Cargo.toml")));
        let Some(root) = root else {
            return Err(CommandFailure::usage(format!(
                "{} is not in a cargo workspace: put a Cargo.toml beside it, with\n\n{}",
                shown(&services),
                WORKSPACE_ADVICE
            )));
        };
        let file = root.join("Cargo.toml");
        let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(&file)?)
            .map_err(|error| CommandFailure::usage(format!("{}: {error}", shown(&file))))?;
        let workspace = manifest.get("workspace");
        let directory = services.strip_prefix(root).unwrap_or(&services);
        if !has_member(workspace, directory, name) {
            return Err(CommandFailure::usage(format!(
                "the workspace in {} does not include the service: add \"{}/*\" to its members, or \"{}/{name}\"",
                shown(&file),
                directory.display(),
                directory.display(),
            )));
        }
        let dependencies = workspace.and_then(|workspace| workspace.get("dependencies"));
        if dependencies.and_then(|known| known.get("heavy-sdk")).is_none() {
            return Err(CommandFailure::usage(format!(
                "the workspace in {} does not define heavy-sdk: add it to [workspace.dependencies], such as \
                 heavy-sdk = {{ path = \"/path/to/heavy/sdk\" }}",
                shown(&file)
            )));
        }
        let common = dependencies.and_then(|known| known.get("common")?.get("path")?.as_str());
        let library = common.map(|path| root.join(path).join("src/lib.rs"));
        let library = library.and_then(|file| std::fs::read_to_string(file).ok());
        Ok(Self {
            directory: root.to_owned(),
            is_helpful: library.is_some_and(|library| library.contains(HELPER)),
        })
    }

    /// Refuses a directory with a Cargo.toml, which is never changed.
    pub(super) fn refuse_other(here: &Path) -> Result<(), CommandFailure> {
        let file = here.join("Cargo.toml");
        if !file.exists() {
            return Ok(());
        }
        if is_workspace(&file) {
            return Err(CommandFailure::usage(format!(
                "{} is already a workspace: create a directory {SERVICES} in it and add to its Cargo.toml\n\n{}\n\nor run \
                 this in an empty directory",
                shown(here),
                WORKSPACE_ADVICE
            )));
        }
        Err(CommandFailure::usage(format!(
            "{} is already a package: run this in an empty directory, such as {}",
            shown(here),
            shown(&here.join("load"))
        )))
    }
}

/// Whether a workspace includes `DIRECTORY/NAME`.
fn has_member(workspace: Option<&toml::Value>, directory: &Path, name: &str) -> bool {
    let members = workspace.and_then(|workspace| workspace.get("members")?.as_array());
    let wanted = [directory.join("*"), directory.join(name)];
    members.is_some_and(|members| {
        let mut members = members.iter().filter_map(toml::Value::as_str);
        members.any(|member| {
            let member = Path::new(member.trim_start_matches("./"));
            wanted.iter().any(|wanted| wanted == member)
        })
    })
}

pub(super) fn files(directory: &Path, sdk: &Sdk) -> NewFiles {
    let texts = [
        (
            "Cargo.toml",
            include_str!("templates/workspace.toml").replace("SDK", &sdk.dependency),
        ),
        (".gitignore", include_str!("templates/gitignore").to_owned()),
        (
            "common/Cargo.toml",
            include_str!("templates/common.toml").to_owned(),
        ),
        (
            "common/src/lib.rs",
            include_str!("templates/common.rs.txt").to_owned(),
        ),
    ];
    let mut files = texts.map(|(name, text)| (directory.join(name), text)).to_vec();
    let lock = sdk
        .lock
        .as_ref()
        .and_then(|lock| std::fs::read_to_string(lock).ok());
    if let Some(lock) = lock {
        files.push((directory.join("Cargo.lock"), lock));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_compared_as_paths() {
        let has = |members: &str, directory: &str| {
            let table: toml::Table = toml::from_str(&format!("members = {members}")).unwrap();
            has_member(Some(&toml::Value::Table(table)), Path::new(directory), "shop")
        };
        assert!(has(r#"["common", "services/*"]"#, "services"));
        assert!(has(r#"["./services/shop"]"#, "services"));
        assert!(has(r#"["examples/services/shop/"]"#, "examples/services"));
        assert!(!has(r#"["services/other"]"#, "services"));
        assert!(!has("[]", "services"));
        assert!(!has_member(None, Path::new("services"), "shop"));
    }
}
