//! Configurations: how to run a load test, kept under a name, without the binary, its files and the values of variables.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::job::{Keys, RunSpec, SpecError};

/// The longest name, in bytes.
const LONGEST_NAME: usize = 64;

/// A named configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Config {
    /// As in `--config NAME`.
    pub name: String,
    /// When it was saved.
    pub saved_at_wall_ns: u64,
    /// A job document without its binary.
    #[cfg_attr(feature = "schema", schema(value_type = Object))]
    pub job: Keys,
}

impl Config {
    /// This run under a name, without its variables and files.
    ///
    /// # Errors
    /// As [`check_name`], as [`SpecError::Field`] `name`.
    pub fn new(name: &str, saved_at_wall_ns: u64, run: &RunSpec) -> Result<Self, SpecError> {
        check_name(name)?;
        let mut job = run.to_keys();
        job.insert("env".to_owned(), Value::Object(Keys::new()));
        job.remove("files");
        Ok(Self {
            name: name.to_owned(),
            saved_at_wall_ns,
            job,
        })
    }

    /// A configuration from a document as people write it: that of a job, whose binary is left out.
    ///
    /// # Errors
    /// When the name is invalid, the document is not a job's, or it has variables: their values are often secrets.
    pub fn parse(name: &str, saved_at_wall_ns: u64, document: &str) -> Result<Self, SpecError> {
        let mut document: Value =
            serde_json::from_str(document).map_err(|error| SpecError::Syntax(error.to_string()))?;
        if let Some(document) = document.as_object_mut() {
            for key in ["binary_sha256", "binary_name", "provenance"] {
                document.remove(key);
            }
        }
        let run = RunSpec::from_client(document)?;
        if let Some(name) = run.env.keys().next() {
            return Err(SpecError::Field {
                field: "env",
                problem: format!(
                    "a configuration does not store values of variables, and {name} has one: leave it out, and set it with each job"
                ),
            });
        }
        Self::new(name, saved_at_wall_ns, &run)
    }

    /// The run that it describes.
    ///
    /// # Errors
    /// If another version with other keys saved it.
    pub fn run(&self) -> Result<RunSpec, SpecError> {
        let run = RunSpec::from_keys(self.job.clone())?;
        run.check()?;
        Ok(run)
    }
}

/// Checks the name of a configuration, which becomes that of a file.
///
/// # Errors
/// When it cannot be one.
pub fn check_name(name: &str) -> Result<(), SpecError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(plain)
    {
        return Ok(());
    }
    Err(SpecError::Field {
        field: "name",
        problem: format!(
            "invalid configuration name `{name}`: expected at most {LONGEST_NAME} letters, digits, -, _ and ., starting with a letter or digit, such as nightly-2x"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_configuration_is_a_job_without_its_binary_and_its_secrets() {
        let mut spec = RunSpec::default();
        spec.load_spec.rate = Some("40/s".parse().unwrap());
        spec.env.insert("TOKEN".to_owned(), "secret".to_owned());
        spec.add_files([crate::job::JobFile {
            path: "a.csv".to_owned(),
            sha256: "a".repeat(64),
            size: 1,
        }]);
        spec.thresholds = vec!["http_req_failed: rate<1%".parse().unwrap()];
        let config = Config::new("nightly", 5, &spec).unwrap();
        let text = serde_json::to_string(&config).unwrap();
        assert!(!text.contains("binary") && !text.contains("secret"), "{text}");
        assert!(!text.contains("a.csv"), "{text}");
        let again: Config = serde_json::from_str(&text).unwrap();
        let read = again.run().unwrap();
        assert_eq!(
            (&read.load_spec, &read.thresholds),
            (&spec.load_spec, &spec.thresholds)
        );
    }

    #[test]
    fn documents_are_checked_when_they_are_kept() {
        let kept = Config::parse("a", 1, r#"{"rate": 5, "duration": "3s"}"#).unwrap();
        assert_eq!(kept.run().unwrap().describe_load(), "5/s for 3s");
        let of_a_job = format!(
            r#"{{"binary_sha256": "{}", "binary_name": "shop", "rate": 5, "duration": "3s"}}"#,
            "a".repeat(64)
        );
        assert_eq!(Config::parse("a", 1, &of_a_job), Ok(kept));
        for (document, part) in [
            ("[]", "not valid"),
            (r#"{"rate": 5, "speed": 1}"#, "speed"),
            (r#"{"rate": 0}"#, "rate"),
            (r#"{"rate": 5, "env": {"TOKEN": "x"}}"#, "TOKEN has one"),
        ] {
            let problem = Config::parse("a", 1, document).unwrap_err().to_string();
            assert!(problem.contains(part), "{document}: {problem}");
        }
    }

    #[test]
    fn names_are_files_of_one_folder() {
        for name in ["a", "nightly-2x", "v1.2", "7"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", ".a", "a/b", "a b", "ä", "-a", "a\0"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name(&"a".repeat(65)).is_err());
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder(name in "\\PC{0,12}") {
            if check_name(&name).is_ok() {
                prop_assert_eq!(std::path::Path::new(&name).components().count(), 1);
                prop_assert!(!name.contains(['/', '\\']));
            }
        }
    }
}
