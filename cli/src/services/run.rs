//! A service made ready to run: its load decided, its program built, its variables read.

use std::path::Path;

use heavy_client::{LoadFlags, LocalFile, Plan, Program, env_file};
use heavy_demo_target::Handle;
use heavy_load::rate::Rate;
use heavy_plugin::ENV_FILES_READ;
use heavy_results::job::{RunSpec, WorkflowSpec, drop_conflicts};

use super::MANIFEST;
use super::build::{Offer, build, offers};
use super::find::{Service, cargo_manifest, shown};
use super::manifest::Manifest;
use super::registered;
use super::variables::{Variables, layered, missing, wants_shop, with_shop};
use crate::exit::CommandFailure;
use crate::local::start_shop;
use crate::output;
use heavy_results::nearest::hint;

/// The shared variables, and the user's own.
const ENV_DEFAULT: &str = "env.default";
const ENV_OWN: &str = ".env";

#[derive(Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) service: &'a Service,
    /// The only workflow, of SERVICE/WORKFLOW.
    pub(crate) workflow: Option<&'a str>,
    /// Workflows of flags.
    pub(crate) workflows: &'a [WorkflowSpec],
    pub(crate) profile: Option<&'a str>,
    pub(crate) load: &'a LoadFlags,
    /// The rate where nothing defines a load; without it a load is required.
    pub(crate) rate: Option<Rate>,
    pub(crate) cargo_profile: &'a str,
}

#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) program: Program,
    pub(crate) plan: Plan,
    /// A demo shop that variables asked for; it stops when dropped.
    pub(crate) shop: Option<Handle>,
}

/// Prepares a service. Whatever can be checked without its program is checked before the build.
pub(crate) async fn prepare(wish: &Wish<'_>) -> Result<Ready, CommandFailure> {
    let manifest = wish.service.manifest()?;
    let (mut run, of_manifest) = run_of(wish, &manifest)?;
    let directory = &wish.service.directory;
    let setting = format!("`files` in {}", shown(&directory.join(MANIFEST)));
    let files = LocalFile::matching(directory, &manifest.files, &setting)?;
    let own = match &manifest.env_file {
        Some(path) => read(&directory.join(path), "env_file in heavy.toml")?,
        None => read_if_there(&directory.join(ENV_OWN))?,
    };
    let default = read_if_there(&directory.join(ENV_DEFAULT))?;
    let flags = run.env.clone();
    let with = |own| layered([default.clone(), of_manifest.clone(), own, flags.clone()]);
    let mut variables = with(own);
    check_required(wish, &manifest, &mut variables)?;

    check_before_build(wish, &run)?;
    let file = build(wish.service, wish.cargo_profile).await?;
    let offers = offers(wish.service, &file).await?;
    choose_workflows(wish, &mut run, &offers)?;
    if let Some(declared) = declared_env(wish.service, &run, &offers)? {
        variables = with(declared);
        check_required(wish, &manifest, &mut variables)?;
    }
    let shop = shop(&mut variables)?;
    variables.insert(ENV_FILES_READ.to_owned(), "1".to_owned());
    run.env = variables;
    run.check()
        .map_err(|error| CommandFailure::usage(error.to_string()))?;
    let program = Program::open(&file)?;
    let mut plan = Plan::for_program(run, &program, &wish.service.directory)?;
    plan.take_along(files)?;
    Ok(Ready { program, plan, shop })
}

/// The run as far as it is known before the build, with the variables of flags; and the variables of heavy.toml.
fn run_of(wish: &Wish<'_>, manifest: &Manifest) -> Result<(RunSpec, Variables), CommandFailure> {
    let file = shown(&wish.service.directory.join(MANIFEST));
    let profile = wish
        .profile
        .map(|name| manifest.profile(name))
        .transpose()
        .map_err(|problem| CommandFailure::usage(format!("{file}: {problem}")))?;
    let (mut keys, flags) = (manifest.keys(profile), wish.load.keys()?);
    drop_conflicts(&flags, &mut keys);
    let mut run =
        RunSpec::from_keys(keys).map_err(|problem| CommandFailure::usage(format!("{file}: {problem}")))?;
    name(wish, manifest, &mut run);
    if let Some(name) = wish.workflow {
        let mut listed = run.workflows.into_iter();
        let listed = listed.find(|workflow| workflow.name == name);
        run.workflows = vec![listed.unwrap_or_else(|| WorkflowSpec::new(name))];
    } else if !wish.workflows.is_empty() {
        run.workflows = wish.workflows.to_vec();
    }
    if !run.has_load() && !wish.load.load_spec.is_given() && wish.rate.is_none() {
        return Err(CommandFailure::usage(format!(
            "{file} defines no load{}: add one to [load], such as rate = \"10/s\", or use --rate 10",
            wish.profile
                .map_or_else(String::new, |profile| format!(" for the profile `{profile}`"))
        )));
    }
    let of_manifest = std::mem::take(&mut run.env);
    run.thresholds = manifest.thresholds(profile).to_vec();
    Ok((wish.load.overlay(&run, wish.rate)?, of_manifest))
}

/// Sets the names and labels that heavy.toml and flags leave open.
fn name(wish: &Wish<'_>, manifest: &Manifest, spec: &mut RunSpec) {
    spec.service = manifest.name.clone().unwrap_or_else(|| wish.service.name.clone());
    if spec.name.is_empty() {
        spec.name.clone_from(&spec.service);
        if let Some(workflow) = wish.workflow {
            spec.name.push_str(&format!("/{workflow}"));
        }
    }
    if spec.description.is_empty() {
        spec.description = manifest.description.clone().unwrap_or_default();
    }
    let profile = wish.profile.map(|profile| ("profile", profile.to_owned()));
    let owner = manifest.owner.clone().map(|owner| ("owner", owner));
    let known = owner.into_iter().chain(profile);
    let known = known.map(|(key, value)| (key.to_owned(), value));
    for (key, value) in manifest.labels.clone().into_iter().chain(known) {
        spec.labels.entry(key).or_insert(value);
    }
}

fn read_if_there(file: &Path) -> Result<Variables, CommandFailure> {
    if file.exists() {
        Ok(env_file(file)?)
    } else {
        Ok(Variables::new())
    }
}

fn read(file: &Path, by: &str) -> Result<Variables, CommandFailure> {
    if !file.exists() {
        return Err(CommandFailure::usage(format!(
            "the env file {} that {by} names does not exist: create it with a line KEY=VALUE for each variable",
            shown(file)
        )));
    }
    Ok(env_file(file)?)
}

fn check_required(
    wish: &Wish<'_>,
    manifest: &Manifest,
    variables: &mut Variables,
) -> Result<(), CommandFailure> {
    let missing = missing(&manifest.required_env, variables, |name| std::env::var(name).ok());
    let Some(first) = missing.first() else {
        return Ok(());
    };
    let directory = &wish.service.directory;
    let own = manifest.env_file.as_deref().unwrap_or_else(|| Path::new(ENV_OWN));
    Err(CommandFailure::usage(format!(
        "the service {} requires {}, and nothing sets {}: add {first}=VALUE to {} (which is not committed), or use -e \
         {first}=VALUE",
        wish.service.name,
        missing.join(", "),
        if missing.len() == 1 { "it" } else { "them" },
        shown(&directory.join(own)),
    )))
}

/// Takes all workflows of the program unless some were chosen, and checks that the chosen ones exist.
fn choose_workflows(wish: &Wish<'_>, run: &mut RunSpec, offers: &[Offer]) -> Result<(), CommandFailure> {
    if run.workflows.is_empty() {
        let all = offers.iter().map(|offer| WorkflowSpec::new(&offer.name));
        run.workflows = all.collect();
    }
    let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    check_workflows(wish, run, &names)
}

/// Checks the workflows against those that the source registers, where it tells them all.
fn check_before_build(wish: &Wish<'_>, run: &RunSpec) -> Result<(), CommandFailure> {
    let directory = &wish.service.directory;
    if cargo_manifest(&directory.join("Cargo.toml")).contains_key("bin") {
        // The program may be another file.
        return Ok(());
    }
    let main = std::fs::read_to_string(directory.join("src/main.rs")).unwrap_or_default();
    let Some(names) = registered::all_names(&main) else {
        return Ok(());
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check_workflows(wish, run, &names)
}

fn check_workflows(wish: &Wish<'_>, run: &RunSpec, names: &[&str]) -> Result<(), CommandFailure> {
    let unknown = |workflow: &&WorkflowSpec| !names.contains(&workflow.name.as_str());
    let Some(WorkflowSpec { name, .. }) = run.workflows.iter().find(unknown) else {
        return Ok(());
    };
    Err(CommandFailure::usage(format!(
        "the service {} has no workflow `{name}` (it has {}){}",
        wish.service.name,
        names.join(", "),
        hint(name, names.iter().copied())
    )))
}

/// The variables of the env files that the chosen workflows name, if any.
fn declared_env(
    service: &Service,
    run: &RunSpec,
    offers: &[Offer],
) -> Result<Option<Variables>, CommandFailure> {
    let chosen = |offer: &&Offer| run.workflows.iter().any(|workflow| workflow.name == offer.name);
    let mut declared = None;
    for offer in offers.iter().filter(chosen) {
        if let Some(path) = &offer.env_file {
            let by = format!("the workflow {}", offer.name);
            let variables = read(&service.directory.join(path), &by)?;
            declared.get_or_insert_with(Variables::new).extend(variables);
        }
    }
    Ok(declared)
}

/// Starts a demo shop if a variable asks for one, and fills in its address.
fn shop(variables: &mut Variables) -> Result<Option<Handle>, CommandFailure> {
    if !wants_shop(variables) {
        return Ok(None);
    }
    let shop = start_shop()?;
    let address = format!("http://{}", shop.addr());
    output::note(&format!("demo://shop is at {address} while the job runs"));
    with_shop(variables, &address);
    Ok(Some(shop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_env_files_are_read_from_the_service() {
        let directory = std::env::temp_dir();
        let service = Service {
            name: "x".to_owned(),
            directory,
        };
        let offer = Offer {
            name: "a".to_owned(),
            env_file: Some("no-such-env-file".into()),
        };
        let run = RunSpec {
            workflows: vec![WorkflowSpec::new("a")],
            ..RunSpec::default()
        };
        let problem = declared_env(&service, &run, std::slice::from_ref(&offer)).unwrap_err();
        assert!(
            problem.to_string().contains("that the workflow a names"),
            "{problem}"
        );
        let other = Offer {
            name: "b".to_owned(),
            ..offer
        };
        assert!(declared_env(&service, &run, &[other]).unwrap().is_none());
    }
}
