//! What the lines of one process add up to, and how that is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heavy_load::histogram::Histogram;
use heavy_load::load::Load;
use heavy_load::measured_time::{MeasuredTime, WorkflowProgress};
use heavy_plugin::line::{IterationLine, Line, RequestLine, STATUS_KIND};

use crate::summary::{entry, percentiles};

/// Counts and durations of everything that was reported.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    ok: u64,
    failed: u64,
    interrupted: u64,
    dropped: BTreeMap<String, u64>,
    durations: Histogram,
    lag: Histogram,
    requests: BTreeMap<String, RequestFigures>,
    checks: BTreeMap<String, (u64, u64)>,
    errors: BTreeMap<String, u64>,
    /// The first scheduled instant and the last end of an iteration, in ns since the Unix epoch.
    span_ns: Option<(u64, u64)>,
}

#[derive(Debug, Default)]
struct RequestFigures {
    failed: u64,
    durations: Histogram,
}

impl Tally {
    /// Adds whole lines.
    pub(crate) fn take(&mut self, lines: &[u8]) {
        for line in lines.split(|byte| *byte == b'\n') {
            match Line::decode(line) {
                Ok(Line::Request(request)) => self.request(&request),
                Ok(Line::Iteration(iteration)) => self.iteration(&iteration),
                Ok(Line::Dropped(dropped)) => {
                    *entry(&mut self.dropped, &dropped.reason) += dropped.count;
                }
                // Metrics need a store to be looked at; after the last newline comes an empty line.
                Ok(Line::Metric(_) | Line::Log(_)) | Err(_) => {}
            }
        }
    }

    /// Whether no iteration was ok, or some were dropped.
    pub(crate) fn is_failed(&self) -> bool {
        self.ok == 0 || self.dropped.values().sum::<u64>() > 0
    }

    fn request(&mut self, line: &RequestLine<'_>) {
        let requests = entry(&mut self.requests, &line.name);
        requests.durations.record(line.duration_ns);
        if line.is_failed() {
            requests.failed += 1;
            let text = match (line.failure_kind(), &line.error) {
                (STATUS_KIND, _) => format!("status {}", line.status),
                (kind, Some(error)) => format!("{kind}: {error}"),
                (kind, None) => kind.to_owned(),
            };
            *entry(&mut self.errors, &text) += 1;
        }
    }

    fn iteration(&mut self, line: &IterationLine<'_>) {
        match (line.interrupted, line.ok) {
            (true, _) => self.interrupted += 1,
            (false, true) => self.ok += 1,
            (false, false) => {
                self.failed += 1;
                let error = line.error.as_deref().unwrap_or_default();
                *entry(&mut self.errors, &format!("iteration: {error}")) += 1;
            }
        }
        let start_ns = line.scheduled_ns.saturating_add(line.lag_ns);
        let end_ns = start_ns
            .saturating_add(line.duration_ns)
            .saturating_add(line.think_ns);
        let (first_ns, last_ns) = self.span_ns.unwrap_or((line.scheduled_ns, end_ns));
        self.span_ns = Some((first_ns.min(line.scheduled_ns), last_ns.max(end_ns)));
        self.durations.record(line.duration_ns);
        self.lag.record(line.lag_ns.saturating_sub(line.slot_wait_ns));
        for check in &line.checks {
            let (passes, fails) = entry(&mut self.checks, &check.name);
            *passes += check.passes;
            *fails += check.fails;
        }
    }

    /// The rate that was started, and of a rate the one that was asked for.
    fn rates(&self, load: &Load, started: u64) -> String {
        let (first_ns, last_ns) = self.span_ns.unwrap_or_default();
        let progress = WorkflowProgress {
            started,
            last_ended_ns: last_ns - first_ns,
        };
        let measured = MeasuredTime::new(load, u64::MAX, progress.last_ended_ns, |_| progress);
        let achieved = format!("{:.1}/s started", measured.starts_per_second(started));
        if load.is_open() {
            format!("{:.1}/s asked, {achieved}", load.mean_rate_per_second())
        } else {
            achieved
        }
    }

    pub(crate) fn summary(&self, workflow: &str, load: &Load) -> String {
        let started = self.ok + self.failed + self.interrupted;
        let dropped: u64 = self.dropped.values().sum();
        let mut out = String::new();
        let mut line = |name: &str, text: String| {
            writeln!(out, "{name:<12} {text}").expect("a string takes everything");
        };
        line("workflow", workflow.to_owned());
        line(
            "iterations",
            format!(
                "{} planned, {started} started, {} ok, {} failed, {dropped} dropped, {} interrupted",
                load.planned(),
                self.ok,
                self.failed,
                self.interrupted
            ),
        );
        line("rate", self.rates(load, started));
        line("duration", percentiles(&self.durations));
        line("lag", percentiles(&self.lag));
        for (reason, count) in &self.dropped {
            line("dropped", format!("{count} {reason}"));
        }
        for (name, requests) in &self.requests {
            let (count, failed) = (requests.durations.count(), requests.failed);
            let text = percentiles(&requests.durations);
            line("request", format!("{name}: {count}, {failed} failed, {text}"));
        }
        for (name, (passes, fails)) in &self.checks {
            line("check", format!("{name}: {passes} of {} passed", passes + fails));
        }
        for (error, count) in &self.errors {
            line("error", format!("{count} x {}", error.escape_debug()));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_load::span::Span;
    use heavy_load::spec::LoadSpec;

    fn load(spec: &LoadSpec) -> Load {
        Load {
            workflows: spec.workflow_loads(Span::ZERO, 0, &["w".to_owned()], &[1]),
            warm_up_ns: 0,
            pauses: Vec::new(),
        }
    }

    #[test]
    fn the_rate_of_users_is_over_the_plan_or_until_iterations_run_out() {
        let spec = |iterations| LoadSpec {
            iterations: Some(iterations),
            duration: Some(Span::from_s(2)),
            ..LoadSpec::default()
        };
        let line = |at: &str, lag: u64, duration: u64| {
            format!(
                "{{\"type\":\"iteration\",\"workflow\":\"w\",\"iteration\":0,\"scheduled\":\"2026-11-21T09:30:00.{at}Z\",\"lag\":{lag},\"duration\":{duration},\"ok\":true}}\n"
            )
        };
        let mut tally = Tally::default();
        // From the first scheduled instant to the last end: 0.25 s, in whatever order the lines come.
        tally.take(line("2", 10_000_000, 40_000_000).as_bytes());
        tally.take(line("0", 10_000_000, 100_000_000).as_bytes());
        assert_eq!(tally.rates(&load(&spec(2)), 2), "8.0/s started");
        assert_eq!(tally.rates(&load(&spec(3)), 2), "1.0/s started");
    }

    #[test]
    fn lines_add_up_to_a_summary() {
        let spec = LoadSpec {
            rate: Some("4".parse().unwrap()),
            duration: Some(Span::from_s(1)),
            ..LoadSpec::default()
        };
        let lines = concat!(
            r#"{"type":"hello","protocol":1,"sdk":"x"}"#,
            "\n",
            r#"{"sequenceID":"s","url":"http://h/1","method":"GET","status":503,"size":1,"timestamp":"2026-11-21T09:30:00Z","duration":2000000,"error":null,"errorKind":"status","name":"GET /{id}"}"#,
            "\n",
            r#"{"type":"iteration","workflow":"w","iteration":0,"sequenceID":"s","scheduled":"2026-11-21T09:30:00Z","lag":3000000,"slotWait":2000000,"duration":5000000,"ok":true,"interrupted":false,"error":null,"checks":{"fast":[1,1]}}"#,
            "\n",
            r#"{"type":"dropped","workflow":"w","reason":"full","count":3,"first":1,"last":3}"#,
            "\n",
        );
        let mut tally = Tally::default();
        tally.take(lines.as_bytes());
        assert!(tally.is_failed());
        let summary = tally.summary("w", &load(&spec));
        let expected = "\
workflow     w
iterations   4 planned, 1 started, 1 ok, 0 failed, 3 dropped, 0 interrupted
rate         4.0/s asked, 1.0/s started
duration     p50 5.000, p90 5.000, p99 5.000, slowest 5.000 ms
lag          p50 1.000, p90 1.000, p99 1.000, slowest 1.000 ms
dropped      3 full
request      GET /{id}: 1, 1 failed, p50 2.000, p90 2.000, p99 2.000, slowest 2.000 ms
check        fast: 1 of 2 passed
error        1 x status 503
";
        assert_eq!(summary, expected);
    }
}
