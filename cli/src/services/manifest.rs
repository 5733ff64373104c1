//! `heavy.toml`: what a service's load test is called, whose it is, and how it is loaded. Pure.

mod keys;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use heavy_client::Fault;
use heavy_client::load_keys::{text, texts, thresholds};
use heavy_results::job::{Keys, RunSpec, SpecError, merge};
use heavy_results::nearest::{did_you_mean, hint, nearest};
use heavy_results::threshold::Threshold;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

pub(super) use keys::ManifestLoad;
use keys::place_in_workflow;

/// The keys of the file itself.
const KEYS: [&str; 10] = [
    "name",
    "owner",
    "description",
    "labels",
    "env_file",
    "required_env",
    "files",
    "thresholds",
    "load",
    "profiles",
];

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Manifest {
    /// In place of the directory's name.
    pub(super) name: Option<String>,
    /// The team or person to ask.
    pub(super) owner: Option<String>,
    /// For people.
    pub(super) description: Option<String>,
    /// Of every job.
    pub(super) labels: BTreeMap<String, String>,
    /// In place of `.env`.
    pub(super) env_file: Option<PathBuf>,
    /// Variables without which nothing is started.
    pub(super) required_env: Vec<String>,
    /// Patterns of files for the working directory of the load test, relative to the service.
    pub(super) files: Vec<String>,
    /// Conditions that the results have to meet, unless a profile has its own.
    pub(super) thresholds: Vec<Threshold>,
    pub(super) load: ManifestLoad,
    /// In the file's order.
    pub(super) profiles: Vec<ManifestProfile>,
}

/// A named load.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ManifestProfile {
    /// Its name for `--profile NAME`.
    pub(super) name: String,
    /// Its own keys, which override those of the default load.
    pub(super) load: ManifestLoad,
}

type Entry<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

impl Manifest {
    pub(super) fn parse(source: &str) -> Result<Self, Fault> {
        let table = DeTable::parse(source).map_err(|error| Fault {
            problem: error.message().to_owned(),
            span: error.span(),
        })?;
        let mut manifest = Self::default();
        for entry in table.get_ref() {
            manifest.take(entry)?;
        }
        manifest.check(None)?;
        for profile in &manifest.profiles {
            manifest.check(Some(profile))?;
        }
        Ok(manifest)
    }

    fn take(&mut self, (key, value): Entry<'_, '_>) -> Result<(), Fault> {
        match key.get_ref().as_ref() {
            "name" => self.name = Some(name(value)?),
            "owner" => self.owner = Some(text(value)?),
            "description" => self.description = Some(text(value)?),
            "labels" => self.labels = labels(value)?,
            "env_file" => self.env_file = Some(text(value)?.into()),
            "required_env" => self.required_env = texts(value)?,
            "files" => self.files = keys::patterns(value)?,
            "thresholds" => self.thresholds = thresholds(value)?,
            "load" => self.load = ManifestLoad::read(key.span(), value)?,
            "profiles" => self.profiles = profiles(value)?,
            unknown => return Err(Fault::at(key.span(), unknown_key(unknown))),
        }
        Ok(())
    }

    pub(super) fn profile(&self, name: &str) -> Result<&ManifestProfile, String> {
        let found = self.profiles.iter().find(|profile| profile.name == name);
        let names = || self.profiles.iter().map(|profile| profile.name.as_str());
        found.ok_or_else(|| {
            if self.profiles.is_empty() {
                return format!("unknown profile `{name}`: the service has none; add [profiles.{name}]");
            }
            let known = names().collect::<Vec<_>>().join(", ");
            format!("unknown profile `{name}` (it has {known}){}", hint(name, names()))
        })
    }

    /// The keys of a job: those of the profile over those of the default load.
    pub(super) fn keys(&self, profile: Option<&ManifestProfile>) -> Keys {
        let mut keys = self.load.keys.clone();
        if let Some(profile) = profile {
            merge(&profile.load.keys, &mut keys);
        }
        keys
    }

    /// The thresholds that count with this profile.
    pub(super) fn thresholds<'a>(&'a self, profile: Option<&'a ManifestProfile>) -> &'a [Threshold] {
        let own = profile.and_then(|profile| profile.load.thresholds.as_deref());
        own.or(self.load.thresholds.as_deref())
            .unwrap_or(&self.thresholds)
    }

    /// The load with this profile, if it is one by itself.
    pub(super) fn describe(&self, profile: Option<&ManifestProfile>) -> Option<String> {
        let run = RunSpec::from_keys(self.keys(profile)).ok()?;
        run.has_load().then(|| run.describe_load())
    }

    /// Checks that what a profile and the default load say together makes sense.
    fn check(&self, profile: Option<&ManifestProfile>) -> Result<(), Fault> {
        let own = profile.map_or(&self.load, |profile| &profile.load);
        let find = |field: &str| {
            let place = own.places.get(field).or_else(|| self.load.places.get(field));
            place.cloned()
        };
        let place = |field: &str| find(field).unwrap_or_else(|| own.head.clone());
        let run = RunSpec::from_keys(self.keys(profile))
            .map_err(|error| Fault::at(place(""), error.to_string()))?;
        if !run.has_load() {
            return Ok(());
        }
        run.check().map_err(|error| match error {
            SpecError::Field { field, .. } => Fault::at(place(field), error.to_string()),
            SpecError::WorkflowField {
                ref workflow, field, ..
            } => {
                let own = find(&place_in_workflow(workflow, field)).unwrap_or_else(|| place("workflows"));
                Fault::at(own, error.to_string())
            }
            SpecError::Syntax(problem) => Fault::at(place(""), problem),
        })
    }
}

fn unknown_key(key: &str) -> String {
    let of_load = RunSpec::keys();
    let shown = key.escape_debug();
    if of_load.contains(&key) {
        return format!("key `{shown}` belongs to a load: write it below [load] or [profiles.NAME]");
    }
    match (nearest(key, KEYS), nearest(key, of_load)) {
        (Some(meant), _) => format!("unknown key `{shown}`{}", did_you_mean(meant)),
        (None, Some(meant)) => {
            let meant = did_you_mean(meant);
            format!("unknown key `{shown}`{meant} (below [load] or [profiles.NAME])")
        }
        (None, None) => format!("unknown key `{shown}`; expected one of {}", KEYS.join(", ")),
    }
}

fn name(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let name = text(value)?;
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        let problem = "invalid name: expected no space and no slash, such as \"shop\"";
        return Err(Fault::at(value.span(), problem));
    }
    Ok(name)
}

fn table<'a, 'i>(value: &'a Spanned<DeValue<'i>>, example: &str) -> Result<&'a DeTable<'i>, Fault> {
    let table = value.get_ref().as_table();
    table.ok_or_else(|| Fault::at(value.span(), format!("expected a table, such as {example}")))
}

fn labels(value: &Spanned<DeValue<'_>>) -> Result<BTreeMap<String, String>, Fault> {
    let table = table(value, "labels = { team = \"checkout\" }")?;
    let labels = table
        .iter()
        .map(|(key, value)| Ok((key.get_ref().to_string(), text(value)?)));
    labels.collect()
}

fn profiles(value: &Spanned<DeValue<'_>>) -> Result<Vec<ManifestProfile>, Fault> {
    let mut profiles: Vec<(Range<usize>, ManifestProfile)> = Vec::new();
    for (key, value) in table(value, "[profiles.smoke]")? {
        let name = key.get_ref().to_string();
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Fault::at(
                key.span(),
                "invalid profile name: expected no space, such as [profiles.smoke]",
            ));
        }
        if value.get_ref().as_table().is_none() && RunSpec::keys().contains(&name.as_str()) {
            return Err(Fault::at(
                key.span(),
                "missing profile name: write [profiles.smoke] above this",
            ));
        }
        let load = ManifestLoad::read(key.span(), value)?;
        profiles.push((key.span(), ManifestProfile { name, load }));
    }
    profiles.sort_by_key(|(span, _)| span.start);
    Ok(profiles.into_iter().map(|(_, profile)| profile).collect())
}

#[cfg(test)]
#[path = "manifest/tests.rs"]
mod tests;
