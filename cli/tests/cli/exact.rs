//! Every statistic of the reports of a real job against a computation of its own from the raw rows: a job on two agents
//! with a skewed target, errors, steps, a warm-up and a ramp-down.

mod csv;
mod distribution;
mod job;
mod raw;
mod shown;

use std::collections::BTreeMap;

use heavy_results::summary::{RequestSummary, Summary};

use distribution::{compare, rank};
use job::Recorded;
use raw::{Iteration, Request};

fn status_counts<'a>(rows: impl Iterator<Item = &'a Request>) -> BTreeMap<u16, u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.status).or_default() += 1;
    }
    counts
}

#[test]
fn reports_agree_with_the_raw_rows() {
    let recorded = Recorded::run();
    let summary = recorded.summary();
    let requests = raw::requests(&recorded);
    let iterations = raw::iterations(&recorded);
    assert!(
        summary.requests.failed > 0 && requests.len() > 500,
        "there is something to compare"
    );
    assert_eq!(summary.agents.len(), 2);
    whole_job(&summary, &requests, &iterations);
    windows(&summary, &requests, &iterations);
    workflows(&summary, &requests, &iterations);
    agents(&summary, &iterations);
    timeline(&summary);
    thresholds(&summary, &requests);
    assert_eq!(
        raw::error_instants(&recorded),
        raw::error_instants_from_rows(&recorded)
    );
    csv::compare_all(&recorded, &requests, &iterations);
    shown::compare_all(&recorded, &requests);
    for query in heavy_report::queries(summary.job.id) {
        let answer = recorded.ask(&query.sql);
        if query.title == "events" {
            // Nothing was done to this job; a busy machine may have made the generator late.
            let kinds = answer.rows.iter().map(|row| row[1].as_deref());
            assert!(
                kinds.flatten().all(|kind| kind == "generator-late"),
                "{:?}",
                answer.rows
            );
        } else {
            assert!(!answer.rows.is_empty(), "{}: {}", query.title, query.sql);
        }
    }
}

fn whole_job(summary: &Summary, requests: &[Request], iterations: &[Iteration]) {
    let all = &summary.requests;
    compare(
        "requests",
        &all.duration,
        requests.iter().map(|row| row.duration_ms),
    );
    assert_eq!(
        all.failed,
        requests.iter().filter(|row| row.failed).count() as u64
    );
    assert_eq!(all.bytes, requests.iter().map(|row| row.size).sum::<u64>());
    assert_eq!(all.status_counts, status_counts(requests.iter()));
    let counts = &summary.iterations;
    assert!(counts.balances(), "{counts:?}");
    assert_eq!(counts.ok, iterations.iter().filter(|row| row.ok).count() as u64);
    assert_eq!(
        counts.ok + counts.failed + counts.interrupted,
        iterations.len() as u64
    );
    compare(
        "response time",
        summary.response_time.as_ref().unwrap(),
        iterations
            .iter()
            .filter(|row| !row.interrupted)
            .map(|row| row.response_ms),
    );
    compare(
        "generator lag",
        &summary.generator_lag,
        iterations.iter().map(|row| row.generator_lag_ms),
    );
    let run_time_s = summary.run_time_s.max(job::PLANNED_S);
    assert!(
        (all.rate * run_time_s - requests.len() as f64).abs() < 1e-6,
        "{} requests per second",
        all.rate
    );
    let failed: u64 = summary
        .errors
        .iter()
        .filter(|error| !error.name.is_empty())
        .map(|error| error.count)
        .sum();
    assert_eq!(failed, all.failed);
    for error in &summary.errors {
        let of = [&error.workflow, &error.step, &error.name, &error.kind].map(|text| &**text);
        let same = |row: &&Request| [&row.workflow, &row.step, &row.name, &row.error_kind] == of;
        if !error.name.is_empty() {
            assert_eq!(
                error.count,
                requests.iter().filter(same).count() as u64,
                "{error:?}"
            );
        }
    }
}

fn windows(summary: &Summary, requests: &[Request], iterations: &[Iteration]) {
    let names: Vec<_> = summary
        .windows
        .iter()
        .map(|window| window.name.as_str())
        .collect();
    assert_eq!(names, ["warm-up", "steady", "ramp-down"]);
    for window in &summary.windows {
        let what = |of: &str| format!("{} of {}", of, window.name);
        let own = || requests.iter().filter(|row| row.window == window.name);
        compare(
            &what("requests"),
            &window.duration,
            own().map(|row| row.duration_ms),
        );
        assert_eq!(
            window.requests_failed,
            own().filter(|row| row.failed).count() as u64
        );
        let own = || {
            iterations
                .iter()
                .filter(|row| row.window == window.name && !row.interrupted)
        };
        compare(
            &what("iterations"),
            &window.iteration_duration,
            own().map(|row| row.duration_ms),
        );
        compare(
            &what("response"),
            window.response_time.as_ref().unwrap(),
            own().map(|row| row.response_ms),
        );
        assert_eq!(window.iterations.ok, own().filter(|row| row.ok).count() as u64);
        assert!(window.iterations.scheduled > 0, "{window:?}");
    }
    let scheduled: u64 = summary
        .windows
        .iter()
        .map(|window| window.iterations.scheduled)
        .sum();
    assert_eq!(scheduled, summary.iterations.scheduled);
}

fn workflows(summary: &Summary, requests: &[Request], iterations: &[Iteration]) {
    assert_eq!(summary.workflows.len(), 2);
    for workflow in &summary.workflows {
        let own = || {
            iterations
                .iter()
                .filter(|row| row.workflow == workflow.name && !row.interrupted)
        };
        compare(
            &workflow.name,
            &workflow.duration,
            own().map(|row| row.duration_ms),
        );
        compare(
            &workflow.name,
            workflow.response_time.as_ref().unwrap(),
            own().map(|row| row.response_ms),
        );
        assert_eq!(
            workflow.iterations.failed,
            own().filter(|row| !row.ok).count() as u64
        );
        let of_workflow = || requests.iter().filter(|row| row.workflow == workflow.name);
        assert_eq!(workflow.status_counts, status_counts(of_workflow()));
        for request in &workflow.requests {
            self::request(request, of_workflow().filter(|row| row.step.is_empty()));
        }
        for step in &workflow.steps {
            let of_step = || of_workflow().filter(|row| row.step == step.name);
            assert_eq!(step.status_counts, status_counts(of_step()));
            for request in &step.requests {
                self::request(request, of_step());
            }
        }
    }
    let steps = summary.workflows[1].steps.iter().map(|step| step.name.as_str());
    assert_eq!(steps.collect::<Vec<_>>(), ["choose", "init_user", "pay"]);
}

fn request<'a>(said: &RequestSummary, rows: impl Iterator<Item = &'a Request>) {
    let rows: Vec<&Request> = rows
        .filter(|row| row.name == said.name && row.method == said.method)
        .collect();
    compare(&said.name, &said.duration, rows.iter().map(|row| row.duration_ms));
    let unfailed = rows.iter().filter(|row| !row.failed);
    compare(
        &format!("unfailed {}", said.name),
        &said.ok_duration,
        unfailed.map(|row| row.duration_ms),
    );
    assert_eq!(said.failed, rows.iter().filter(|row| row.failed).count() as u64);
    assert_eq!(said.bytes, rows.iter().map(|row| row.size).sum::<u64>());
    assert_eq!(said.status_counts, status_counts(rows.iter().copied()));
    let mean_wait = rows.iter().map(|row| row.wait_ms).sum::<f64>() / rows.len() as f64;
    assert!(
        (said.phases.wait_ms - mean_wait).abs() <= mean_wait * 1e-9,
        "{} waits {mean_wait}",
        said.name
    );
}

fn agents(summary: &Summary, iterations: &[Iteration]) {
    for agent in &summary.agents {
        let own: Vec<&Iteration> = iterations.iter().filter(|row| row.agent == agent.agent).collect();
        assert_eq!(
            agent.iterations.ok,
            own.iter().filter(|row| row.ok).count() as u64,
            "{}",
            agent.agent
        );
        let mut lags: Vec<f64> = own.iter().map(|row| row.generator_lag_ms).collect();
        lags.sort_by(f64::total_cmp);
        let p99 = lags[(lags.len() * 99).div_ceil(100) - 1];
        assert!(
            (agent.lag_p99_ms - p99).abs() <= p99 * 0.001,
            "{}: lag {p99}",
            agent.agent
        );
    }
}

fn timeline(summary: &Summary) {
    let points = &summary.timeline.points;
    let of = |count: fn(&heavy_results::summary::Point) -> u64| points.iter().map(count).sum::<u64>();
    assert_eq!(of(|point| point.planned), summary.iterations.planned);
    assert_eq!(of(|point| point.scheduled), summary.iterations.scheduled);
    assert_eq!(of(|point| point.started), summary.iterations.started);
    assert_eq!(of(|point| point.ok), summary.iterations.ok);
    assert_eq!(of(|point| point.requests), summary.requests.duration.count);
    assert_eq!(of(|point| point.requests_failed), summary.requests.failed);
    assert_eq!(
        of(|point| point.bands.iter().sum()),
        summary.requests.duration.count
    );
    let slowest = points.iter().filter_map(|point| point.max_ms).fold(0.0, f64::max);
    assert!((slowest - summary.requests.duration.max_ms).abs() < 1e-9);
}

fn thresholds(summary: &Summary, requests: &[Request]) {
    let [p95, failed] = summary.thresholds.as_slice() else {
        panic!("{:?}", summary.thresholds);
    };
    assert!(p95.passed() && failed.passed());
    assert_eq!(p95.samples, requests.len() as u64);
    let mut values: Vec<f64> = requests.iter().map(|row| row.duration_ms).collect();
    values.sort_by(f64::total_cmp);
    let is = values[rank(0.95, values.len())];
    let said = p95.value.unwrap();
    assert!((said - is).abs() <= is * 0.001, "p95 is {is}, not {said}");
    let share = requests.iter().filter(|row| row.failed).count() as f64 / requests.len() as f64;
    assert!((failed.value.unwrap() - share).abs() < 1e-12, "{failed:?}");
}
