//! `heavy list`: services with their workflows and profiles, or jobs where there are no services.

use heavy_load::exit_code;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use heavy_report::escape;
use serde::Serialize;

use super::find::{Home, Service, shown};
use super::manifest::Manifest;
use super::registered;
use crate::exit::{CommandFailure, CommandResult};
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// `services`, `jobs`, or the name of a service [default: services where there is a services directory, else jobs]
    #[arg(value_name = "WHAT")]
    pub(crate) what: Option<String>,
    /// Maximum number of jobs [default: 20]
    #[arg(long, value_name = "N", env = "HEAVY_LIMIT")]
    pub(crate) limit: Option<u32>,
    /// Print JSON
    #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
    /// Services directory [default: services/ here or in a parent directory]
    #[arg(long, value_name = "DIR", env = "HEAVY_SERVICES")]
    pub(crate) services: Option<PathBuf>,
}

#[derive(Debug, PartialEq, Serialize)]
struct ServiceRow {
    service: String,
    #[serde(rename = "folder")]
    directory: String,
    owner: Option<String>,
    description: Option<String>,
    workflows: Vec<String>,
    /// The default load in words.
    load: Option<String>,
    profiles: Vec<ProfileRow>,
}

#[derive(Debug, PartialEq, Serialize)]
struct ProfileRow {
    name: String,
    load: Option<String>,
}

/// Lists services; `Ok(None)` asks the caller to list jobs, which `asks_for_jobs` says where nothing says otherwise.
pub(crate) fn list(args: &ListArgs, asks_for_jobs: bool) -> Result<Option<ExitCode>, CommandFailure> {
    let what = args.what.as_deref();
    if what == Some("jobs") {
        return Ok(None);
    }
    if what.is_none() && args.services.is_none() && asks_for_jobs {
        return Ok(None);
    }
    let Some(home) = Home::find(args.services.as_deref())? else {
        return match what {
            None => Ok(None),
            Some(_) => Err(CommandFailure::usage(
                "no services directory here or in a parent directory; `heavy new service NAME` creates one, and `heavy list jobs` \
                 lists jobs",
            )),
        };
    };
    let names = match what {
        None | Some("services") => home.names()?,
        Some(name) if home.has(name) => vec![name.to_owned()],
        Some(name) => {
            return Err(CommandFailure::usage(format!(
                "unknown service `{name}`: {}",
                home.instead_of(name)?
            )));
        }
    };
    show(&home, &names, args.json).map(Some)
}

/// A service with an invalid heavy.toml does not hide the others.
fn show(home: &Home, names: &[String], json: bool) -> CommandResult {
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let service = home.service(name);
        match service.manifest() {
            Ok(manifest) => rows.push(row(&service, &manifest)),
            Err(failure) => failures.push(failure),
        }
    }
    if json {
        output::print(&(serde_json::to_string_pretty(&rows).map_err(anyhow::Error::from)? + "\n"))?;
    } else if rows.is_empty() && failures.is_empty() {
        output::note(&home.instead_of("")?);
    } else {
        output::print(&text(&rows))?;
    }
    for failure in &failures {
        output::note(&format!("error: {failure}"));
    }
    Ok(ExitCode::from(if failures.is_empty() {
        exit_code::PASS
    } else {
        exit_code::COULD_NOT_RUN
    }))
}

fn row(service: &Service, manifest: &Manifest) -> ServiceRow {
    let main = std::fs::read_to_string(service.directory.join("src/main.rs")).unwrap_or_default();
    let profiles = manifest.profiles.iter().map(|profile| ProfileRow {
        name: profile.name.clone(),
        load: manifest.describe(Some(profile)),
    });
    ServiceRow {
        service: service.name.clone(),
        directory: shown(&service.directory),
        owner: manifest.owner.clone(),
        description: manifest.description.clone(),
        workflows: registered::names(&main),
        load: manifest.describe(None),
        profiles: profiles.collect(),
    }
}

fn text(rows: &[ServiceRow]) -> String {
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        let owner = row.owner.as_ref().map(|owner| format!("owner: {owner}"));
        let about = [row.description.clone(), owner];
        let about: Vec<String> = about.into_iter().flatten().collect();
        let head = format!("{}  {}", row.service, about.join("; "));
        let _ = writeln!(text, "{}", escape(head.trim_end()));
        let workflows = if row.workflows.is_empty() {
            "as registered by its program".to_owned()
        } else {
            row.workflows.join(", ")
        };
        let _ = writeln!(text, "  {:<12}{}", "workflows", escape(&workflows));
        let mut load = |name: &str, load: Option<&String>, command: String| {
            let load = load.map_or("no load of its own", String::as_str);
            let _ = writeln!(
                text,
                "  {:<12}{}\n  {:<12}{}",
                escape(name),
                escape(load),
                "",
                escape(&command)
            );
        };
        load("default", row.load.as_ref(), format!("heavy run {}", row.service));
        for profile in &row.profiles {
            let command = format!("heavy run {} --profile {}", row.service, profile.name);
            load(&profile.name, profile.load.as_ref(), command);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_shown_with_what_can_be_typed() {
        let row = ServiceRow {
            service: "shop".to_owned(),
            directory: "services/shop".to_owned(),
            owner: Some("team\u{1b}[2J".to_owned()),
            description: Some("a shop".to_owned()),
            workflows: vec!["browse".to_owned(), "buy".to_owned()],
            load: None,
            profiles: vec![ProfileRow {
                name: "smoke".to_owned(),
                load: Some("10/s for 3s".to_owned()),
            }],
        };
        let expected = "\
shop  a shop; owner: team\\u{1b}[2J
  workflows   browse, buy
  default     no load of its own
              heavy run shop
  smoke       10/s for 3s
              heavy run shop --profile smoke
";
        assert_eq!(text(&[row]), expected);
    }
}
