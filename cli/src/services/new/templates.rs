//! The texts of new files. Pure.

use std::path::Path;

use super::name::Name;
use super::workspace::Workspace;
use super::{FIRST_WORKFLOW, NewFiles};
use crate::services::MANIFEST;

/// Everything of a service.
pub(super) fn service(directory: &Path, name: &str, workspace: &Workspace) -> NewFiles {
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
    files.map(|(name, text)| (directory.join(name), text)).to_vec()
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
