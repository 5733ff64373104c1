//! The texts of new files. Pure.

use std::path::Path;

use super::name::Name;
use super::workspace::Workspace;
use super::{FIRST_WORKFLOW, Files};
use crate::services::MANIFEST;

/// What a workspace needs to have services in it.
pub(super) const WORKSPACE_ADVICE: &str = "\
[workspace]
members = [\"services/*\"]

[workspace.dependencies]
heavy-sdk = { path = \"/path/to/heavy/sdk\" }";

/// Everything of a workspace but its services.
pub(super) fn workspace(folder: &Path, sdk: &str) -> Files {
    let files = [
        (
            "Cargo.toml",
            include_str!("templates/workspace.toml").replace("SDK", sdk),
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
    files.map(|(name, text)| (folder.join(name), text)).to_vec()
}

/// Everything of a service.
pub(super) fn service(folder: &Path, name: &str, workspace: &Workspace) -> Files {
    let common = if workspace.is_helpful {
        "common.workspace = true\n"
    } else {
        ""
    };
    let first = Name {
        text: FIRST_WORKFLOW.to_owned(),
        module: FIRST_WORKFLOW.to_owned(),
        runner: "Visit".to_owned(),
    };
    let package = include_str!("templates/service.toml")
        .replace("NAME", name)
        .replace("COMMON\n", common);
    let files = [
        ("Cargo.toml", package),
        (
            MANIFEST,
            include_str!("templates/heavy.toml").replace("NAME", name),
        ),
        ("env.default", include_str!("templates/env.default").to_owned()),
        (
            "src/main.rs",
            include_str!("templates/main.rs.txt").replace("NAME", name),
        ),
        (
            "src/workflows/visit.rs",
            workflow(&first, workspace, workspace.is_helpful),
        ),
    ];
    files.map(|(name, text)| (folder.join(name), text)).to_vec()
}

/// The file of a workflow; `is_helped`: the service depends on `common`.
pub(super) fn workflow(name: &Name, workspace: &Workspace, is_helped: bool) -> String {
    let template = if workspace.is_helpful && is_helped {
        include_str!("templates/workflow.rs.txt")
    } else {
        include_str!("templates/workflow_alone.rs.txt")
    };
    template
        .replace("RUNNER", &name.runner)
        .replace("WORKFLOW", &name.text)
}
