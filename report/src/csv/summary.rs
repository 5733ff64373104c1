//! The summary as rows for a spreadsheet: one for each threshold, and for each distribution of the job, its windows,
//! workflows, steps, requests and agents.

use heavy_results::summary::{RequestSummary, Summary, WorkflowSummary};
use heavy_results::threshold::ThresholdSummary;

use super::Csv;
use super::row::{self, StatisticRow};

pub(crate) fn render(summary: &Summary) -> String {
    let mut out = Csv::default();
    row::header(&mut out);
    for threshold in &summary.thresholds {
        self::threshold(&mut out, threshold);
    }
    job(&mut out, summary);
    for window in &summary.windows {
        windows(&mut out, window);
    }
    for workflow in &summary.workflows {
        self::workflow(&mut out, workflow);
    }
    for agent in &summary.agents {
        StatisticRow {
            level: "agent",
            measure: "iterations",
            name: &agent.agent,
            failed: Some(agent.iterations.failed),
            iterations: Some(&agent.iterations),
            ..StatisticRow::default()
        }
        .write(&mut out);
    }
    out.into_text()
}

fn threshold(out: &mut Csv, threshold: &ThresholdSummary) {
    StatisticRow {
        level: "threshold",
        measure: &threshold.metric,
        name: &threshold.expression,
        count: Some(threshold.samples),
        outcome: threshold.outcome.as_str(),
        value: threshold.value,
        unit: &threshold.unit,
        ..StatisticRow::default()
    }
    .write(out);
}

fn job(out: &mut Csv, summary: &Summary) {
    let name = summary.job.id.to_string();
    let row = |measure, distribution| StatisticRow::new("job", measure, &name, distribution);
    let requests = &summary.requests;
    StatisticRow {
        failed: Some(requests.failed),
        rate: Some(requests.rate),
        bytes: Some(requests.bytes),
        statuses: Some(&requests.status_counts),
        ..row("request_duration", &requests.duration)
    }
    .write(out);
    StatisticRow {
        level: "job",
        measure: "iterations",
        name: &name,
        failed: Some(summary.iterations.failed),
        rate: summary.job.achieved_rate,
        iterations: Some(&summary.iterations),
        ..StatisticRow::default()
    }
    .write(out);
    if let Some(response) = &summary.response_time {
        row("response_time", response).write(out);
    }
    row("generator_lag", &summary.generator_lag).write(out);
}

fn windows(out: &mut Csv, window: &heavy_results::summary::WindowSummary) {
    let row = |measure, distribution| StatisticRow::new("window", measure, &window.name, distribution);
    StatisticRow {
        failed: Some(window.requests_failed),
        rate: Some(window.request_rate),
        ..row("request_duration", &window.duration)
    }
    .write(out);
    StatisticRow {
        failed: Some(window.iterations.failed),
        iterations: Some(&window.iterations),
        ..row("iteration_duration", &window.iteration_duration)
    }
    .write(out);
    if let Some(response) = &window.response_time {
        row("response_time", response).write(out);
    }
}

fn workflow(out: &mut Csv, workflow: &WorkflowSummary) {
    let row = |measure, distribution| StatisticRow {
        workflow: &workflow.name,
        ..StatisticRow::new("workflow", measure, &workflow.name, distribution)
    };
    StatisticRow {
        failed: Some(workflow.iterations.failed),
        rate: Some(workflow.rate),
        statuses: Some(&workflow.status_counts),
        iterations: Some(&workflow.iterations),
        ..row("iteration_duration", &workflow.duration)
    }
    .write(out);
    if let Some(response) = &workflow.response_time {
        row("response_time", response).write(out);
    }
    for request in &workflow.requests {
        self::request(out, &workflow.name, "", request);
    }
    for step in &workflow.steps {
        StatisticRow {
            workflow: &workflow.name,
            step: &step.name,
            failed: Some(step.failed),
            rate: Some(step.rate),
            statuses: Some(&step.status_counts),
            ..StatisticRow::new("step", "step_duration", &step.name, &step.duration)
        }
        .write(out);
        for request in &step.requests {
            self::request(out, &workflow.name, &step.name, request);
        }
    }
}

fn request(out: &mut Csv, workflow: &str, step: &str, request: &RequestSummary) {
    let row = |measure, distribution| StatisticRow {
        workflow,
        step,
        method: &request.method,
        protocol: &request.protocol,
        ..StatisticRow::new("request", measure, &request.name, distribution)
    };
    StatisticRow {
        failed: Some(request.failed),
        rate: Some(request.rate),
        bytes: Some(request.bytes),
        statuses: Some(&request.status_counts),
        has_own_statuses: !request.is_http(),
        ..row("request_duration", &request.duration)
    }
    .write(out);
    if request.failed > 0 {
        row("unfailed_duration", &request.ok_duration).write(out);
        row("failed_duration", &request.failed_duration).write(out);
    }
}
