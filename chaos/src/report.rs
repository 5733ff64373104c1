//! The report that somebody was given at the end of a job, beside the summary that is stored now.

use serde_json::Value;

/// What is wrong with a JSON report: it must be the stored summary, or one of its earlier revisions. That of a client which
/// left before the job had ended has no verdict, and must say that it is not complete.
#[must_use]
pub fn differences(report: &Value, stored: &Value) -> Vec<String> {
    let revisions = |document: &Value| document["revisions"].as_array().cloned().unwrap_or_default();
    let (given, now) = (revisions(report), revisions(stored));
    if report["job"]["verdict"].is_null() {
        let is_honest = given.is_empty() && report["complete"] == false;
        let what = "the report has no verdict, and does not say that the job goes on".to_owned();
        return if is_honest { Vec::new() } else { vec![what] };
    }
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
        let mut left = document(&[], 3);
        left["job"]["verdict"] = Value::Null;
        assert_eq!(differences(&left, &stored).len(), 1, "it does not say so");
        left["complete"] = false.into();
        assert!(
            differences(&left, &stored).is_empty(),
            "nobody waited for the end"
        );
    }
}
