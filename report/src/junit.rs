//! The summary as JUnit XML for CI servers. The verdict is a test case, and each threshold; nothing else fails, so the exit
//! code of the command and the colour of the pipeline never differ. The document fits both schemas that are in use: that of
//! Jenkins (junit-10.xsd) and the older one of Apache Ant (JUnit.xsd), which knows no output of single test cases.

use std::fmt::Write as _;

use heavy_results::job::JobState;
use heavy_results::summary::{Distribution, Summary, WorkflowSummary};
use heavy_results::threshold::ThresholdOutcome;
use heavy_results::verdict::Verdict;

use crate::escape::escape;
use crate::names;
use crate::percentiles::PERCENTILES;
use crate::standing::{job_name, observed, reason, standing};
use crate::statuses::in_words;
use crate::units::{count, instant_iso, number, percent, rate};

/// A test case.
#[derive(Debug)]
struct Case {
    class: String,
    name: String,
    time_s: f64,
    outcome: Outcome,
    output: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// What was measured is not as it should be: (type, message).
    Failed(String, String),
    /// It could not be measured: (type, message).
    Broken(String, String),
    /// It is not yet known: the message.
    Skipped(String),
}

/// Test cases under one name.
#[derive(Debug)]
struct Suite {
    name: String,
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

/// What all suites say of when and of what they are.
#[derive(Debug)]
struct Whereabouts<'a> {
    package: &'a str,
    timestamp: String,
    time_s: f64,
}

pub(crate) fn render(summary: &Summary) -> String {
    let mut suites = vec![verdict(summary)];
    suites.extend(thresholds(summary));
    suites.extend(summary.workflows.iter().map(workflow));
    let job = &summary.job;
    let at = Whereabouts {
        package: job_name(job),
        timestamp: instant_iso(job.started_at_wall_ns.unwrap_or(job.submitted_at_wall_ns)),
        time_s: summary.run_time_s,
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (id, suite) in suites.iter().enumerate() {
        suite.write(&mut out, id, &at);
    }
    out.push_str("</testsuites>\n");
    out
}

/// The verdict as a test of its own: it fails when the command's exit code is not 0.
fn verdict(summary: &Summary) -> Suite {
    let (words, _) = standing(&summary.job, summary.complete);
    let message = format!("{words}: {}", reason(summary));
    let kind = words.to_lowercase().replace(' ', "-");
    let outcome = match (summary.job.verdict, summary.job.state) {
        (Some(Verdict::Pass), _) => Outcome::Passed,
        (Some(Verdict::Fail), _) => Outcome::Failed(kind, message),
        (Some(Verdict::Invalid), _) | (None, JobState::Failed | JobState::Stopped) => {
            Outcome::Broken(kind, message)
        }
        (None, _) => Outcome::Passed,
    };
    let job = &summary.job;
    let mut properties = vec![
        ("test_id", job.id.to_string()),
        ("service", job.spec.service.clone()),
        ("load", job.spec.describe_load()),
        ("asked_rate", number(job.asked_rate)),
        ("achieved_rate", job.achieved_rate.map(number).unwrap_or_default()),
        ("binary_sha256", job.spec.binary_sha256.clone()),
        ("git_commit", job.spec.provenance.git_commit.clone()),
        ("heavy_version", summary.heavy_version.clone()),
    ];
    properties.retain(|(_, value)| !value.is_empty());
    let mut output = format!(
        "{} requests, {} failed\n",
        count(summary.requests.duration.count),
        count(summary.requests.failed)
    );
    output.push_str(&percentiles("request duration", &summary.requests.duration));
    if let Some(response) = &summary.response_time {
        output.push_str(&percentiles("response time", response));
    }
    for warning in &summary.warnings {
        let _ = writeln!(output, "warning: {}", escape(warning));
    }
    Suite {
        name: "verdict".to_owned(),
        properties,
        cases: vec![Case {
            class: "heavy".to_owned(),
            name: "verdict".to_owned(),
            time_s: summary.run_time_s,
            outcome,
            output,
        }],
    }
}

/// Each threshold as a test.
fn thresholds(summary: &Summary) -> Option<Suite> {
    let cases = summary.thresholds.iter().map(|threshold| {
        let observed = observed(threshold);
        let message = format!("{}: {observed}", threshold.expression);
        let outcome = match threshold.outcome {
            ThresholdOutcome::Met => Outcome::Passed,
            ThresholdOutcome::NoSamples if !summary.complete => Outcome::Skipped(observed.clone()),
            ThresholdOutcome::Broken => Outcome::Failed("threshold".to_owned(), message),
            ThresholdOutcome::NoSamples => Outcome::Failed("no-samples".to_owned(), message),
        };
        Case {
            class: "heavy.thresholds".to_owned(),
            name: threshold.expression.clone(),
            time_s: 0.0,
            outcome,
            output: observed,
        }
    });
    let cases: Vec<Case> = cases.collect();
    (!cases.is_empty()).then(|| Suite {
        name: "thresholds".to_owned(),
        properties: Vec::new(),
        cases,
    })
}

/// A workflow, its steps, requests and checks as passed tests whose time is the average duration: CI servers draw its
/// trend.
fn workflow(workflow: &WorkflowSummary) -> Suite {
    let mut cases = vec![case(
        workflow,
        &workflow.name,
        &workflow.duration,
        &format!(
            "{} iterations ok, {} failed, {} dropped; {}",
            count(workflow.iterations.ok),
            count(workflow.iterations.failed),
            count(workflow.iterations.dropped.total()),
            rate(workflow.rate)
        ),
    )];
    let requests = |step: &str, requests: &[heavy_results::summary::RequestSummary]| -> Vec<Case> {
        requests
            .iter()
            .map(|request| {
                let name = names::request(request);
                let name = if step.is_empty() {
                    name
                } else {
                    format!("{step} / {name}")
                };
                let about = format!(
                    "{} failed of {}; status {}",
                    count(request.failed),
                    count(request.duration.count),
                    in_words(&request.status_counts)
                );
                case(workflow, &name, &request.duration, &about)
            })
            .collect()
    };
    cases.extend(requests("", &workflow.requests));
    for step in &workflow.steps {
        let about = format!("{} failed of {}", count(step.failed), count(step.duration.count));
        cases.push(case(workflow, &step.name, &step.duration, &about));
        cases.extend(requests(&step.name, &step.requests));
    }
    for check in &workflow.checks {
        let all = check.passes + check.fails;
        let share = percent(check.passes as f64, all as f64);
        let about = format!("{} of {} passed, {share}", count(check.passes), count(all));
        cases.push(case(
            workflow,
            &format!("check: {}", check.name),
            &Distribution::default(),
            &about,
        ));
    }
    Suite {
        name: format!("workflow {}", workflow.name),
        properties: Vec::new(),
        cases,
    }
}

fn case(workflow: &WorkflowSummary, name: &str, duration: &Distribution, about: &str) -> Case {
    let mut output = format!("{about}\n");
    if duration.count > 0 {
        output.push_str(&percentiles("duration", duration));
    }
    Case {
        class: format!("heavy.{}", workflow.name),
        name: name.to_owned(),
        time_s: duration.mean_ms / 1e3,
        outcome: Outcome::Passed,
        output,
    }
}

fn percentiles(label: &str, distribution: &Distribution) -> String {
    let parts: Vec<String> = PERCENTILES
        .iter()
        .map(|percentile| format!("{} {}", percentile.name, percentile.shown(distribution)))
        .collect();
    format!("{label}: {}\n", parts.join(", "))
}

impl Suite {
    /// With all elements and attributes that the stricter schema wants, in its order.
    fn write(&self, out: &mut String, id: usize, at: &Whereabouts<'_>) {
        let of =
            |outcome: fn(&Outcome) -> bool| self.cases.iter().filter(|case| outcome(&case.outcome)).count();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  <testsuite id=\"{id}\" package=\"{}\" name=\"{}\" hostname=\"localhost\" timestamp=\"{}\" tests=\"{}\" \
             failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
            xml(at.package),
            xml(&self.name),
            at.timestamp,
            self.cases.len(),
            of(|outcome| matches!(outcome, Outcome::Failed(..))),
            of(|outcome| matches!(outcome, Outcome::Broken(..))),
            of(|outcome| matches!(outcome, Outcome::Skipped(_))),
            at.time_s
        );
        out.push_str("    <properties>\n");
        for (name, value) in &self.properties {
            let _ = writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", xml(value));
        }
        out.push_str("    </properties>\n");
        for case in &self.cases {
            case.write(out);
        }
        out.push_str("    <system-out>");
        for case in &self.cases {
            let _ = writeln!(out, "{}", xml(&case.name));
            for line in case.output.lines() {
                let _ = writeln!(out, "  {}", xml(line));
            }
        }
        out.push_str("</system-out>\n    <system-err></system-err>\n  </testsuite>\n");
    }
}

impl Case {
    fn write(&self, out: &mut String) {
        let _ = write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6}\"",
            xml(&self.class),
            xml(&self.name),
            self.time_s
        );
        let (element, kind, message) = match &self.outcome {
            Outcome::Passed => {
                out.push_str("/>\n");
                return;
            }
            Outcome::Failed(kind, message) => ("failure", kind.as_str(), message),
            Outcome::Broken(kind, message) => ("error", kind.as_str(), message),
            Outcome::Skipped(message) => ("skipped", "not-yet-known", message),
        };
        let _ = writeln!(
            out,
            ">\n      <{element} type=\"{kind}\" message=\"{}\">{}</{element}>\n    </testcase>",
            xml(message),
            self.output.lines().map(xml).collect::<Vec<_>>().join("\n")
        );
    }
}

/// Hostile text for an attribute or an element: on one line, without what XML 1.0 forbids.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
