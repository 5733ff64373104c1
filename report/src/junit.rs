//! The summary as JUnit XML for CI servers. The verdict is a test case, and each threshold; nothing else fails, so the exit
//! code of the command and the colour of the pipeline never differ. Suites have the elements and attributes that the schemas
//! of Jenkins (junit-10.xsd) and Apache Ant (JUnit.xsd) want; the latter knows no output of single test cases.

use heavy_load::escape::escape;
use heavy_results::job::JobState;
use heavy_results::summary::{Distribution, RequestSummary, Summary, WorkflowSummary};
use heavy_results::threshold::ThresholdOutcome;
use heavy_results::verdict::Verdict;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite, XmlString};

use crate::names;
use crate::percentiles::PERCENTILES;
use crate::standing::{observed, reason, revision, standing};
use crate::statuses::of_request;
use crate::units::{count, instant_iso, number, percent, rate};

pub(crate) fn render(summary: &Summary) -> String {
    let mut report = Report::unnamed();
    report.add_test_suite(verdict(summary));
    if !summary.thresholds.is_empty() {
        report.add_test_suite(thresholds(summary));
    }
    report.add_test_suites(summary.workflows.iter().map(workflow));
    let job = &summary.job;
    let started = instant_iso(job.started_at_wall_ns.unwrap_or(job.submitted_at_wall_ns));
    for (id, suite) in report.test_suites.iter_mut().enumerate() {
        for (name, value) in [
            ("id", id.to_string()),
            ("package", job.spec.shown_name().to_owned()),
            ("hostname", "localhost".to_owned()),
            ("timestamp", started.clone()),
            ("time", format!("{:.3}", summary.run_time_s)),
        ] {
            suite.extra.insert(name.into(), xml(&value));
        }
        let test_id = Property::new("test_id", job.id.to_string());
        suite.properties.insert(0, test_id);
        suite.set_system_err("");
    }
    report.to_string().expect("memory takes every document")
}

/// A suite of test cases, each with what it prints.
fn suite(name: &str, cases: Vec<(TestCase, String)>) -> TestSuite {
    let mut suite = TestSuite::new(xml(name));
    let mut printed = String::new();
    for (case, output) in cases {
        printed.push_str(&format!("{}\n", case.name.as_str()));
        for line in output.lines() {
            printed.push_str(&format!("  {}\n", xml(line).as_str()));
        }
        suite.add_test_case(case);
    }
    suite.set_system_out(printed);
    suite
}

/// A test case. Its time has six decimals, which the library's own would cut to ms.
fn case(class: &str, name: &str, time_s: f64, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(xml(name), status);
    case.set_classname(xml(class));
    case.extra.insert("time".into(), format!("{time_s:.6}").into());
    case
}

/// The verdict as a test of its own: it fails when the command's exit code is not 0.
fn verdict(summary: &Summary) -> TestSuite {
    let (words, _) = standing(&summary.job, summary.complete);
    let message = format!("{words}: {}", reason(summary));
    let kind = words.to_lowercase().replace(' ', "-");
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
        output.push_str(&format!("warning: {}\n", escape(warning)));
    }
    let status = match (summary.job.verdict, summary.job.state) {
        (Some(Verdict::Fail), _) => not_passed(NonSuccessKind::Failure, &kind, &message, &output),
        (Some(Verdict::Invalid), _) | (None, JobState::Failed | JobState::Stopped) => {
            not_passed(NonSuccessKind::Error, &kind, &message, &output)
        }
        (Some(Verdict::Pass) | None, _) => TestCaseStatus::success(),
    };
    let case = case("heavy", "verdict", summary.run_time_s, status);
    let mut suite = suite("verdict", vec![(case, output)]);
    let job = &summary.job;
    let properties = [
        ("service", job.spec.service.clone()),
        ("load", job.spec.describe_load()),
        ("asked_rate", number(job.asked_rate)),
        ("achieved_rate", job.achieved_rate.map(number).unwrap_or_default()),
        ("binary_sha256", job.spec.binary_sha256.clone()),
        ("git_commit", job.spec.provenance.git_commit.clone()),
        ("heavy_version", summary.heavy_version.clone()),
        ("summary", revision(summary)),
    ];
    let properties = properties.into_iter().filter(|(_, value)| !value.is_empty());
    suite.add_properties(properties.map(|(name, value)| Property::new(name, xml(&value))));
    suite
}

/// Each threshold as a test.
fn thresholds(summary: &Summary) -> TestSuite {
    let cases = summary.thresholds.iter().map(|threshold| {
        let observed = observed(threshold);
        let message = format!("{}: {observed}", threshold.expression);
        let failure = |kind| not_passed(NonSuccessKind::Failure, kind, &message, &observed);
        let status = match threshold.outcome {
            ThresholdOutcome::Met => TestCaseStatus::success(),
            ThresholdOutcome::NoSamples if !summary.complete => {
                let mut status = TestCaseStatus::skipped();
                status.set_type("not-yet-known");
                status.set_message(xml(&observed));
                status.set_description(xml(&observed));
                status
            }
            ThresholdOutcome::Broken => failure("threshold"),
            ThresholdOutcome::NoSamples => failure("no-samples"),
        };
        (
            case("heavy.thresholds", &threshold.expression, 0.0, status),
            observed,
        )
    });
    suite("thresholds", cases.collect())
}

/// A workflow, its steps, requests and checks as passed tests whose time is the average duration: CI servers draw its
/// trend.
fn workflow(workflow: &WorkflowSummary) -> TestSuite {
    let measured = |name: &str, duration: &Distribution, about: String| {
        let class = format!("heavy.{}", workflow.name);
        let mut output = about + "\n";
        if duration.count > 0 {
            output.push_str(&percentiles("duration", duration));
        }
        (
            case(&class, name, duration.mean_ms / 1e3, TestCaseStatus::success()),
            output,
        )
    };
    let request = |step: &str, request: &RequestSummary| {
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
            of_request(request)
        );
        measured(&name, &request.duration, about)
    };
    let about = format!(
        "{} iterations ok, {} failed, {} dropped; {}",
        count(workflow.iterations.ok),
        count(workflow.iterations.failed),
        count(workflow.iterations.dropped.total()),
        rate(workflow.rate)
    );
    let mut cases = vec![measured(&workflow.name, &workflow.duration, about)];
    cases.extend(workflow.requests.iter().map(|one| request("", one)));
    for step in &workflow.steps {
        let about = format!("{} failed of {}", count(step.failed), count(step.duration.count));
        cases.push(measured(&step.name, &step.duration, about));
        cases.extend(step.requests.iter().map(|one| request(&step.name, one)));
    }
    for check in &workflow.checks {
        let all = check.passes + check.fails;
        let share = percent(check.passes as f64, all as f64);
        let about = format!("{} of {} passed, {share}", count(check.passes), count(all));
        cases.push(measured(
            &format!("check: {}", check.name),
            &Distribution::default(),
            about,
        ));
    }
    suite(&format!("workflow {}", workflow.name), cases)
}

fn percentiles(label: &str, distribution: &Distribution) -> String {
    let parts: Vec<String> = PERCENTILES
        .iter()
        .map(|percentile| format!("{} {}", percentile.name, percentile.shown(distribution)))
        .collect();
    format!("{label}: {}\n", parts.join(", "))
}

/// A failed test, or one that could not be carried out.
fn not_passed(is: NonSuccessKind, kind: &str, message: &str, output: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(is);
    let lines: Vec<String> = output.lines().map(|line| xml(line).into_string()).collect();
    status
        .set_type(kind)
        .set_message(xml(message))
        .set_description(lines.join("\n"));
    status
}

/// Hostile text for an attribute or an element: on one line. What steers terminals is written out, where the library would
/// drop it; U+FFFE and U+FFFF, which XML 1.0 forbids and the library lets pass, are replaced.
fn xml(text: &str) -> XmlString {
    XmlString::new(escape(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}
