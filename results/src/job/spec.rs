//! What is submitted: how to run a load test, and its binary.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use heavy_load::rate::Rate;
use heavy_load::span::Span;
use heavy_load::spec::LoadSpec;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::document::{Keys, SpecError, fields, take};
use super::files::is_sha256;
use super::foreign;
use super::provenance::Provenance;
use super::run::RunSpec;
use super::texts::check_binary_name;

/// A submitted execution of a load test: how to run it, and its binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobSpec {
    /// SHA-256 of the binary, lower-case hex; it was uploaded before.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9a-f]{64}$"))]
    pub binary_sha256: String,
    /// The binary's file name.
    #[serde(default)]
    pub binary_name: String,
    /// How to run it.
    #[serde(flatten, skip_deserializing)]
    pub run: RunSpec,
    /// Where it comes from, as far as its client knows.
    #[serde(default, skip_serializing_if = "Provenance::is_empty")]
    pub provenance: Provenance,
}

impl Deref for JobSpec {
    type Target = RunSpec;

    fn deref(&self) -> &RunSpec {
        &self.run
    }
}

impl DerefMut for JobSpec {
    fn deref_mut(&mut self) -> &mut RunSpec {
        &mut self.run
    }
}

impl Serialize for JobSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for JobSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut document = Keys::deserialize(deserializer)?;
        let own = take(&mut document, fields(Self::deserialize));
        let run = RunSpec::from_keys(document).map_err(D::Error::custom)?;
        let spec = Self::deserialize(own).map_err(D::Error::custom)?;
        Ok(Self { run, ..spec })
    }
}

impl JobSpec {
    /// Replaces the value of a variable in stored documents, since values may be secrets.
    pub const BLANK: &str = "***";

    /// A job at a constant rate, all else by default.
    #[must_use]
    pub fn new(binary_sha256: impl Into<String>, rate: Rate, duration: Span) -> Self {
        let load_spec = LoadSpec {
            rate: Some(rate),
            duration: Some(duration),
            ..RunSpec::default().load_spec
        };
        let run = RunSpec {
            load_spec,
            ..RunSpec::default()
        };
        Self::from_run(run, binary_sha256, "")
    }

    /// This run of a binary.
    #[must_use]
    pub fn from_run(run: RunSpec, binary_sha256: impl Into<String>, binary_name: impl Into<String>) -> Self {
        Self {
            binary_sha256: binary_sha256.into(),
            binary_name: binary_name.into(),
            run,
            provenance: Provenance::default(),
        }
    }

    /// What the job is called: its name, or its binary's. Hostile text.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() {
            &self.binary_name
        } else {
            &self.run.name
        }
    }

    /// Reads and checks a document.
    ///
    /// # Errors
    /// The first field that is wrong, and what is expected.
    pub fn parse(json: &str) -> Result<Self, SpecError> {
        Self::from_value(serde_json::from_str(json)?)
    }

    /// As [`Self::parse`], of a document as clients send it: the words of go-load-tester's commands are read too.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_client(json: &str) -> Result<Self, SpecError> {
        Self::from_value(foreign::translate(serde_json::from_str(json)?)?)
    }

    fn from_value(value: Value) -> Result<Self, SpecError> {
        let spec = <Self as Deserialize>::deserialize(value)?;
        spec.check()?;
        spec.check_named_workflows()?;
        Ok(spec)
    }

    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// The first field that is wrong, and what is expected.
    pub fn check(&self) -> Result<(), SpecError> {
        if !is_sha256(&self.binary_sha256) {
            return SpecError::refuse("binary_sha256", "expected 64 lower-case hex digits");
        }
        check_binary_name(&self.binary_name)?;
        self.run.check()
    }

    /// The hashes of what agents fetch: of the binary and of all files.
    pub fn artifacts(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(|file| file.sha256.as_str());
        std::iter::once(self.binary_sha256.as_str()).chain(files)
    }

    /// Takes the values of the variables out, which may be secrets: their names stay, with [`Self::BLANK`].
    pub fn take_env(&mut self) -> BTreeMap<String, String> {
        let blank = self.env.keys().map(|name| (name.clone(), Self::BLANK.to_owned()));
        let blank = blank.collect();
        std::mem::replace(&mut self.env, blank)
    }

    /// The variables whose values were taken out by [`Self::take_env`]: of a document that is sent again they are unknown.
    #[must_use]
    pub fn blank_env(&self) -> Vec<&str> {
        let blank = self.env.iter().filter(|(_, value)| *value == Self::BLANK);
        blank.map(|(name, _)| name.as_str()).collect()
    }
}
