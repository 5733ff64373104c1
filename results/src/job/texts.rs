//! How long the texts of a job document may be: names are shown in tables, and every listing of jobs carries them.

use super::document::SpecError;
use super::run::RunSpec;

/// The longest name of a job, service or workflow, and the longest key of a label, in characters.
const LONGEST_NAME: usize = 200;
/// The longest description, and the longest value of a label, in characters.
const LONGEST_TEXT: usize = 2_000;
/// The longest file name, in characters: no file system has longer ones.
const LONGEST_FILE_NAME: usize = 255;
/// The most labels.
const MOST_LABELS: usize = 64;

impl RunSpec {
    /// Refuses texts that are too long.
    pub(super) fn check_texts(&self) -> Result<(), SpecError> {
        check("name", &self.name, LONGEST_NAME)?;
        check("service", &self.service, LONGEST_NAME)?;
        check("description", &self.description, LONGEST_TEXT)?;
        for workflow in &self.workflows {
            check("workflows", &workflow.name, LONGEST_NAME)?;
        }
        if self.labels.len() > MOST_LABELS {
            let problem = format!("{} labels exceed the limit of {MOST_LABELS}", self.labels.len());
            return SpecError::refuse("labels", problem);
        }
        for (key, value) in &self.labels {
            check("labels", key, LONGEST_NAME)?;
            check("labels", value, LONGEST_TEXT)?;
        }
        Ok(())
    }
}

/// Refuses a file name that no file has.
pub(super) fn check_binary_name(name: &str) -> Result<(), SpecError> {
    check("binary_name", name, LONGEST_FILE_NAME)
}

/// A text that becomes a name: its beginning, if it is too long for one.
#[must_use]
pub fn shortened_name(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NAME - 1) {
        Some((cut, last)) if cut + last.len_utf8() < text.len() => format!("{}…", &text[..cut]),
        _ => text.to_owned(),
    }
}

fn check(field: &'static str, text: &str, longest: usize) -> Result<(), SpecError> {
    let length = text.chars().count();
    if length <= longest {
        return Ok(());
    }
    let start: String = text.chars().take(20).collect();
    SpecError::refuse(
        field,
        format!(
            "`{}...` has {length} characters: expected at most {longest}",
            start.escape_debug()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobSpec;

    #[test]
    fn long_texts_are_refused() {
        let long = "ä".repeat(LONGEST_NAME + 1);
        for rest in [
            format!(r#""name":"{long}""#),
            format!(r#""binary_name":"{long}{long}""#),
            format!(r#""service":"{long}""#),
            format!(r#""workflows":["{long}"]"#),
            format!(r#""labels":{{"{long}":"x"}}"#),
            format!(r#""description":"{}""#, long.repeat(10)),
        ] {
            let sha256 = "a".repeat(64);
            let text = format!(r#"{{"binary_sha256":"{sha256}","rate":"1","duration":"1s",{rest}}}"#);
            let error = JobSpec::parse(&text).unwrap_err().to_string();
            assert!(error.contains("characters: expected at most"), "{error}");
            assert!(error.len() < 200, "{error}");
        }
    }

    #[test]
    fn a_long_text_becomes_a_name() {
        let longest = "ä".repeat(LONGEST_NAME);
        assert_eq!(shortened_name(&longest), longest);
        let shortened = shortened_name(&format!("{longest}b"));
        assert_eq!(shortened.chars().count(), LONGEST_NAME);
        assert!(shortened.ends_with("ä…"));
    }
}
