//! The report that somebody was given at the end of a job, beside the summary that is stored now.

use serde_json::Value;

/// What is wrong with a JSON report: it must be the stored summary, or one of its earlier revisions.
#[must_use]
pub fn differences(report: &Value, stored: &Value) -> Vec<String> {
    let revisions = |document: &Value| document["revisions"].as_array().cloned().unwrap_or_default();
    let (given, now) = (revisions(report), revisions(stored));
    if given.is_empty() || !now.starts_with(&given) {
        return vec![format!(
            "the report names revisions {given:?}, the stored summary {now:?}"
        )];
    }
    if given.len() < now.len() {
        // Results came later.
        return Vec::new();
    }
    let parts = ["iterations", "requests"].into_iter();
    let differing = parts.filter(|part| report[part] != stored[part]);
    let mut differences: Vec<String> = differing
        .map(|part| {
            format!("the report's {part} differ from those of the stored summary, of the same revision")
        })
        .collect();
    let verdict = |document: &Value| document["job"]["verdict"].clone();
    if verdict(report) != verdict(stored) {
        differences.push("the report's verdict differs from that of the stored summary".to_owned());
    }
    differences
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_one_of_the_summarys_revisions() {
        let document = |revisions: &[u64], ok: u64| {
            json!({
                "revisions": revisions, "iterations": {"ok": ok}, "requests": {}, "job": {"verdict": "PASS"}
            })
        };
        let stored = document(&[1, 2], 7);
        assert!(differences(&stored, &stored).is_empty());
        assert!(
            differences(&document(&[1], 5), &stored).is_empty(),
            "an earlier one"
        );
        for wrong in [document(&[1, 2], 6), document(&[1, 3], 7), document(&[], 7)] {
            assert_eq!(differences(&wrong, &stored).len(), 1, "{wrong}");
        }
        let mut passed = stored.clone();
        passed["job"]["verdict"] = "FAIL".into();
        assert_eq!(differences(&passed, &stored).len(), 1);
    }
}
