//! `heavy new`: creates services and workflows that compile and run. Nothing is ever overwritten.

mod name;
mod sdk;
mod templates;
mod workspace;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::find::{Home, Service, cargo_manifest, shown};
use super::{SERVICES, registered};
use crate::exit::{CommandFailure, CommandResult};
use crate::output;
use name::{Name, check_package};
use sdk::SdkFlags;
use workspace::Workspace;

/// The workflow of a new service.
const FIRST_WORKFLOW: &str = "visit";

#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Create a service with one workflow and profiles, and its workspace if there is none
    Service {
        /// Name of the service, such as shop
        name: String,
        #[command(flatten)]
        sdk: SdkFlags,
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Add a workflow to a service
    Workflow {
        /// Name of the workflow and its service, such as shop/buy
        #[arg(value_name = "SERVICE/NAME")]
        name: String,
        #[command(flatten)]
        place: PlaceFlags,
    },
}

#[derive(Debug, clap::Args)]
struct PlaceFlags {
    /// Services directory [default: services/ here or in a parent directory]
    #[arg(long, value_name = "DIR", env = "HEAVY_SERVICES")]
    services: Option<PathBuf>,
}

/// Paths and texts of the files to write, in their order.
type NewFiles = Vec<(PathBuf, String)>;

pub(crate) fn new(args: &NewArgs) -> CommandResult {
    match &args.what {
        What::Service { name, sdk, place } => service(name, sdk, place),
        What::Workflow { name, place } => workflow(name, place),
    }
}

fn service(name: &str, sdk: &SdkFlags, place: &PlaceFlags) -> CommandResult {
    check_package(name).map_err(CommandFailure::usage)?;
    let mut files = NewFiles::new();
    let (services, workspace) = match Home::find(place.services.as_deref())? {
        Some(home) => {
            sdk.refuse("the workspace already defines heavy-sdk")?;
            let workspace = Workspace::around(&home.services, name)?;
            (home.services, workspace)
        }
        None => {
            let here = std::env::current_dir()?;
            let sdk = sdk.dependency()?;
            Workspace::refuse_other(&here)?;
            files.extend(workspace::files(&here, &sdk));
            (here.join(SERVICES), Workspace::new(&here))
        }
    };
    let directory = services.join(name);
    files.extend(templates::service(&directory, name, &workspace));
    write(&files)?;
    output::print(&format!(
        "\nRun it:\n  heavy run {name} --profile smoke\nThen set the address of the target in {}, and write the workflow in {}.\n",
        shown(&directory.join(".env")),
        shown(&directory.join(format!("src/workflows/{FIRST_WORKFLOW}.rs"))),
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn workflow(path: &str, place: &PlaceFlags) -> CommandResult {
    let Some((service, name)) = path.split_once('/') else {
        return Err(CommandFailure::usage(format!(
            "missing workflow in `{path}`: expected SERVICE/NAME, such as {path}/buy"
        )));
    };
    let name = Name::parse(name).map_err(CommandFailure::usage)?;
    let home = Home::find(place.services.as_deref())?.ok_or_else(|| {
        CommandFailure::usage(
            "no services directory here or in a parent directory; `heavy new service NAME` creates one",
        )
    })?;
    if !home.has(service) {
        return Err(CommandFailure::usage(format!(
            "unknown service `{service}`: {}",
            home.instead_of(service)?
        )));
    }
    let service = home.service(service);
    let main = service.directory.join("src/main.rs");
    let source = std::fs::read_to_string(&main).map_err(|error| {
        CommandFailure::usage(format!(
            "cannot read {}, which registers the workflows: {error}",
            shown(&main)
        ))
    })?;
    if registered::names(&source).contains(&name.text) {
        return Err(CommandFailure::usage(format!(
            "the service {} already has a workflow `{}`: choose another name",
            service.name, name.text
        )));
    }
    let workspace = Workspace::around(&home.services, &service.name)?;
    let file = service
        .directory
        .join(format!("src/workflows/{}.rs", name.module));
    write(&vec![(
        file,
        templates::workflow(&name, &workspace, is_helped(&service)),
    )])?;
    register(&service, &main, &source, &name)
}

/// Whether the service may use what is in `common`.
fn is_helped(service: &Service) -> bool {
    let manifest = cargo_manifest(&service.directory.join("Cargo.toml"));
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    dependencies.is_some_and(|dependencies| dependencies.contains_key("common"))
}

/// Adds a workflow to main.rs; where that is written otherwise than expected, says what to add.
fn register(service: &Service, main: &Path, source: &str, name: &Name) -> CommandResult {
    let Some(text) = registered::with_workflow(source, &name.text, &name.module, &name.runner) else {
        return Err(CommandFailure::new(format!(
            "cannot edit {}, whose form is unexpected: add `mod {};` to its workflows, and \
             `.and(\"{}\", workflows::{}::{})` to its Server",
            shown(main),
            name.module,
            name.text,
            name.module,
            name.runner
        )));
    };
    replace(main, &text)?;
    output::print(&format!(
        "changed {}\n\nRun it:\n  heavy run {}/{} --profile smoke\n",
        shown(main),
        service.name,
        name.text
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes new files; if one of them is there already, none.
fn write(files: &NewFiles) -> Result<(), CommandFailure> {
    if let Some((there, _)) = files.iter().find(|(file, _)| file.symlink_metadata().is_ok()) {
        return Err(CommandFailure::usage(format!(
            "{} already exists: choose another name, or move it away",
            shown(there)
        )));
    }
    for (file, text) in files {
        let failed = |error| CommandFailure::new(format!("cannot write {}: {error}", shown(file)));
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let mut options = std::fs::OpenOptions::new();
        let mut new = options.write(true).create_new(true).open(file).map_err(failed)?;
        new.write_all(text.as_bytes()).map_err(failed)?;
        output::print(&format!("wrote {}\n", shown(file)))?;
    }
    Ok(())
}

/// Replaces a file atomically.
fn replace(file: &Path, text: &str) -> Result<(), CommandFailure> {
    let failed = |error| CommandFailure::new(format!("cannot write {}: {error}", shown(file)));
    let draft = file.with_extension("rs.new");
    std::fs::write(&draft, text).map_err(failed)?;
    std::fs::rename(&draft, file).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::MANIFEST;

    #[test]
    fn a_new_service_is_whole() {
        let workspace = Workspace::new(Path::new("/w"));
        let files = templates::service(Path::new("/w/services/shop"), "shop", &workspace);
        let names: Vec<String> = files
            .iter()
            .map(|(file, _)| {
                file.strip_prefix("/w/services/shop")
                    .unwrap()
                    .display()
                    .to_string()
            })
            .collect();
        let expected = [
            "Cargo.toml",
            MANIFEST,
            "env.default",
            "src/main.rs",
            "src/workflows/visit.rs",
        ];
        assert_eq!(names, expected);
        let text = |name: &str| &files[expected.iter().position(|known| *known == name).unwrap()].1;
        let manifest = crate::services::manifest::Manifest::parse(text(MANIFEST)).unwrap();
        assert_eq!(
            manifest.describe(manifest.profiles.first()).unwrap(),
            "10/s for 5s"
        );
        assert_eq!(registered::names(text("src/main.rs")), [FIRST_WORKFLOW]);
        assert!(registered::with_workflow(text("src/main.rs"), "buy", "buy", "Buy").is_some());
        assert!(toml::from_str::<toml::Table>(text("Cargo.toml")).is_ok());
    }
}
