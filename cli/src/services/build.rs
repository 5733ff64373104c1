//! A service's program: builds it with cargo and lists its workflows.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use heavy_plugin::ENV_RPC_FD;
use heavy_report::escape;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::find::{Service, shown};
use crate::exit::CommandFailure;
use crate::output;

/// The most bytes of cargo's build messages that are read.
const LONGEST_REPORT: u64 = 64 << 20;
/// The most bytes of a list of workflows, and the longest wait for it.
const LONGEST_LIST: u64 = 1 << 20;
const LIST_LIMIT: Duration = Duration::from_secs(10);

/// A workflow that a program offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Offer {
    pub(super) name: String,
    pub(super) env_file: Option<PathBuf>,
}

/// The parts of a cargo message that are used here.
#[derive(Debug, Deserialize)]
struct CargoMessage {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    target: CargoTarget,
}

#[derive(Debug, Default, Deserialize)]
struct CargoTarget {
    #[serde(default)]
    name: String,
}

/// Builds a service with a cargo profile and returns its program. Cargo's diagnostics go to stderr.
pub(super) async fn build(service: &Service, profile: &str) -> Result<PathBuf, CommandFailure> {
    let manifest = service.directory.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(CommandFailure::usage(format!(
            "the service {} is empty: {} has no Cargo.toml; `heavy new service {}` creates what is missing",
            service.name,
            shown(&service.directory),
            service.name
        )));
    }
    output::note(&format!(
        "building {} (cargo build --profile {profile})",
        escape(&service.name)
    ));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut child = Command::new(&cargo)
        .args([
            "build",
            "--profile",
            profile,
            "--message-format",
            "json-render-diagnostics",
        ])
        .arg("--manifest-path")
        .arg(&manifest)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| no_cargo(&cargo, &error))?;
    let mut report = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LONGEST_REPORT).read_to_string(&mut report).await?;
    }
    if !child.wait().await?.success() {
        return Err(CommandFailure::new(format!(
            "the service {} does not compile: fix the errors above and run this again",
            service.name
        )));
    }
    program(&report, &manifest, &service.name).map_err(CommandFailure::new)
}

fn no_cargo(cargo: &OsString, error: &std::io::Error) -> CommandFailure {
    CommandFailure::new(format!(
        "cannot start {} to build the service: {error}; install Rust (https://rustup.rs), or set CARGO to the path of \
         cargo",
        Path::new(cargo).display()
    ))
}

/// The program of the package with this manifest.
fn program(report: &str, manifest: &Path, service: &str) -> Result<PathBuf, String> {
    let manifest = manifest.canonicalize().unwrap_or_else(|_| manifest.to_owned());
    let messages = report
        .lines()
        .filter_map(|line| serde_json::from_str::<CargoMessage>(line).ok());
    let mut programs: Vec<(String, PathBuf)> = messages
        .filter(|message| message.reason == "compiler-artifact" && message.manifest_path == manifest)
        .filter_map(|message| Some((message.target.name, message.executable?)))
        .collect();
    if programs.len() > 1 {
        let names: Vec<String> = programs.iter().map(|(name, _)| name.clone()).collect();
        programs.retain(|(name, _)| name == service);
        if programs.is_empty() {
            return Err(format!(
                "the service {service} builds several programs ({}), but none is named {service}: rename the load test",
                names.join(", ")
            ));
        }
    }
    let program = programs.pop().map(|(_, program)| program);
    program.ok_or_else(|| {
        format!("the service {service} is empty: it builds no program; put the load test in src/main.rs")
    })
}

pub(super) async fn offers(service: &Service, program: &Path) -> Result<Vec<Offer>, CommandFailure> {
    let mut child = Command::new(program)
        .args(["list", "--json"])
        .current_dir(&service.directory)
        .env_remove(ENV_RPC_FD)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| CommandFailure::new(format!("cannot start {}: {error}", shown(program))))?;
    let asked = async {
        let mut list = String::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(LONGEST_LIST).read_to_string(&mut list).await?;
        }
        child.wait().await.map(|status| (status, list))
    };
    let (status, list) = timeout(LIST_LIMIT, asked).await.map_err(|_| {
        CommandFailure::new(format!(
            "{} did not list its workflows in time: its main must end in heavy_sdk::serve(...)",
            shown(program)
        ))
    })??;
    if !status.success() {
        return Err(CommandFailure::new(format!(
            "{} cannot list its workflows: it ended with {status}; its messages are above",
            shown(program)
        )));
    }
    let offers: Vec<Offer> = list
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if offers.is_empty() {
        return Err(CommandFailure::new(format!(
            "the service {} is empty: its program registers no workflow; end main with \
             heavy_sdk::serve(Server::named(\"NAME\", ...)), or add one with `heavy new workflow {}/NAME`",
            service.name, service.name
        )));
    }
    Ok(offers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(manifest: &str, name: &str, executable: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","target":{{"name":"{name}","kind":["bin"]}},"executable":{executable}}}"#
        )
    }

    #[test]
    fn the_program_of_the_service_is_found_among_what_was_built() {
        let (own, other) = ("/no/such/Cargo.toml", "/no/other/Cargo.toml");
        let found = |lines: &[String]| program(&lines.join("\n"), Path::new(own), "shop");
        let built = artifact(own, "shop", "\"/t/shop\"");
        let lines = [
            "not json".to_owned(),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
            artifact(other, "shop", "\"/t/other\""),
            artifact(own, "shop-lib", "null"),
            built.clone(),
        ];
        assert_eq!(found(&lines), Ok("/t/shop".into()));
        let second = artifact(own, "another", "\"/t/another\"");
        assert_eq!(found(&[built, second.clone()]), Ok("/t/shop".into()));
        let third = artifact(own, "third", "\"/t/third\"");
        assert!(
            found(&[second, third])
                .unwrap_err()
                .contains("none is named shop")
        );
        assert!(found(&[]).unwrap_err().contains("builds no program"));
    }
}
