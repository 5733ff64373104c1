//! The keys of a load in `heavy.toml`: those of a job file, each checked where it stands. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use heavy_client::load_keys::{check_workflows, checked, text, thresholds, to_json};
use heavy_client::{Fault, check_pattern};
use heavy_results::job::Keys;
use heavy_results::threshold::Threshold;
use toml::Spanned;
use toml::de::DeValue;

/// A load, and where in the file its keys are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::services) struct ManifestLoad {
    /// The keys of a job file.
    pub(in crate::services) keys: Keys,
    /// In place of those of the service.
    pub(in crate::services) thresholds: Option<Vec<Threshold>>,
    /// The values of the keys, and of those of workflows.
    pub(super) places: BTreeMap<String, Range<usize>>,
    /// The name of the table.
    pub(super) head: Range<usize>,
}

impl ManifestLoad {
    pub(super) fn read(head: Range<usize>, value: &Spanned<DeValue<'_>>) -> Result<Self, Fault> {
        let Some(table) = value.get_ref().as_table() else {
            let problem = "expected a table: write [load] or [profiles.NAME], and its keys below it";
            return Err(Fault::at(value.span(), problem));
        };
        let mut load = Self {
            head,
            ..Self::default()
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name == "thresholds" {
                load.thresholds = Some(thresholds(value)?);
                continue;
            }
            if let Some(problem) = elsewhere(name) {
                return Err(Fault::at(key.span(), problem));
            }
            if name == "workflows" {
                check_workflows(value)?;
                load.add_places_of_workflows(value);
            }
            let json = checked(name, to_json(value)?, (key.span(), value.span()))?;
            load.keys.insert(name.to_owned(), json);
            load.places.insert(name.to_owned(), value.span());
        }
        Ok(load)
    }

    fn add_places_of_workflows(&mut self, list: &Spanned<DeValue<'_>>) {
        let tables = list.get_ref().as_array().into_iter().flatten();
        for table in tables.filter_map(|workflow| workflow.get_ref().as_table()) {
            let Some(name) = table.get("name").and_then(|name| name.get_ref().as_str()) else {
                continue;
            };
            for (key, value) in table {
                let place = place_in_workflow(name, key.get_ref());
                self.places.insert(place, value.span());
            }
        }
    }
}

/// The name of the place of a workflow's own key.
pub(super) fn place_in_workflow(workflow: &str, key: &str) -> String {
    format!("workflows/{workflow}/{key}")
}

/// Keys of a job file that are said otherwise of a service.
fn elsewhere(key: &str) -> Option<&'static str> {
    match key {
        "binary_sha256" | "binary_name" => Some("the binary is built from the service: leave this out"),
        "files" => Some("files are those of the service: write files = [...] at the top of the file"),
        "service" => Some(
            "the directory names the service: leave this out, or write name = \"...\" at the top of the file",
        ),
        _ => None,
    }
}

/// Patterns of files, each checked.
pub(super) fn patterns(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Fault> {
    let Some(list) = value.get_ref().as_array() else {
        let problem = "expected a list of paths and patterns, such as [\"accounts.csv\", \"data/*.csv\"]";
        return Err(Fault::at(value.span(), problem));
    };
    let pattern = |value: &Spanned<DeValue<'_>>| {
        let pattern = text(value)?;
        let problem = |problem| Fault::at(value.span(), format!("files: {problem}"));
        check_pattern(&pattern).map_err(problem)?;
        Ok(pattern)
    };
    list.iter().map(pattern).collect()
}
