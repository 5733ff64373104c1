//! What the view and the plain line show of jobs in different situations.

use heavy_results::job::JobState;
use heavy_results::progress::{AgentProgress, AgentStanding, Percentiles, Progress, TopError};
use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary};

use super::{Canvas, lines, plain, standing};

fn threshold(
    expression: &str,
    value: Option<f64>,
    unit: &str,
    outcome: ThresholdOutcome,
) -> ThresholdSummary {
    ThresholdSummary {
        expression: expression.to_owned(),
        metric: String::new(),
        value,
        unit: unit.to_owned(),
        outcome,
        samples: 1,
        window: None,
        aborted_at_second: None,
        note: String::new(),
    }
}

fn agent(name: &str, state: AgentStanding, since_s: Option<u32>) -> AgentProgress {
    AgentProgress {
        name: name.to_owned(),
        state,
        since_s,
        ..AgentProgress::default()
    }
}

fn healthy() -> Progress {
    Progress {
        state: JobState::Running,
        agents: vec!["a".to_owned(), "b".to_owned()],
        agent_states: ["a", "b"]
            .map(|name| agent(name, AgentStanding::Running, None))
            .to_vec(),
        elapsed_s: 6.3,
        duration_s: 10.0,
        planned: 150,
        scheduled: 91,
        started: 90,
        ok: 88,
        in_flight: 2,
        second: Some(4),
        asked_rate: 15.0,
        achieved_rate: 15.0,
        rates: vec![15; 5],
        p50_ms: Some(5.02),
        p95_ms: Some(48.1),
        p99_ms: Some(50.3),
        requests: 263,
        overall: Some(Percentiles {
            p50_ms: 44.0,
            p95_ms: 51.06,
            p99_ms: 52.0,
        }),
        lag_p99_ms: Some(0.41),
        lag_limit_ms: Some(5.0),
        ..Progress::default()
    }
}

/// All that can go wrong at once.
fn in_trouble() -> Progress {
    let error = |count, status, kind: &str, name: &str| TopError {
        count,
        status,
        kind: kind.to_owned(),
        name: name.to_owned(),
        example: String::new(),
    };
    Progress {
        agent_states: vec![
            agent("b", AgentStanding::Lost, Some(4)),
            agent("a", AgentStanding::Running, None),
        ],
        started: 75,
        ok: 42,
        failed: 33,
        dropped: 12,
        unreported: 3,
        achieved_rate: 8.0,
        rates: vec![15, 15, 15, 15, 8],
        requests_failed: 33,
        lag_p99_ms: Some(7.5),
        thresholds: vec![
            threshold(
                "http_req_duration: p(95)<100",
                Some(51.06),
                "ms",
                ThresholdOutcome::Met,
            ),
            threshold("checks: rate>99%", Some(1.0), "share", ThresholdOutcome::Met),
            threshold(
                "http_req_failed{name:POST /cart}: rate<1%",
                Some(0.0414),
                "share",
                ThresholdOutcome::Broken,
            ),
            threshold("orders: count>1", None, "", ThresholdOutcome::NoSamples),
        ],
        errors: vec![
            error(30, 404, "status", "GET /"),
            error(3, 500, "status", "POST /cart"),
            error(1, 0, "timeout", "GET /slow"),
        ],
        ..healthy()
    }
}

/// The view on a terminal with this number of columns.
fn view(progress: &Progress, columns: usize) -> String {
    let canvas = Canvas {
        columns: columns - 1,
        rows: 23,
        colour: false,
    };
    let lines = lines(progress, &canvas);
    for (text, width) in &lines {
        assert_eq!(heavy_report::columns(text), *width, "{text}");
        assert!(*width < columns, "{text}");
    }
    let lines: Vec<String> = lines.into_iter().map(|(text, _)| text).collect();
    lines.join("\n")
}

fn users() -> Progress {
    Progress {
        planned: 0,
        asked_rate: 0.0,
        achieved_rate: 14.0,
        rates: vec![10, 14, 14],
        elapsed_s: 3_700.0,
        duration_s: 7_260.0,
        second: Some(3_698),
        started: 1_234_567,
        ok: 1_230_000,
        agents: vec!["a".to_owned()],
        ..healthy()
    }
}

#[test]
fn a_healthy_job() {
    let expected = "\
██████░░░░ 6/10s, 4s left  rate 15 of 15/s  █████  agents 2
started 90/150  88 ok  0 failed  0 dropped  2 in flight  lag P99 0.41ms
requests    now P50 5.02 P95 48.1 P99 50.3ms  all P50 44.0 P95 51.1 P99 52.0ms";
    assert_eq!(view(&healthy(), 80), expected);
    let expected = "\
████████████░░░░░░░░ 6/10s, 4s left  rate 15 of 15/s  █████  agents 2
started 90/150  88 ok  0 failed  0 dropped  2 in flight  lag P99 0.41ms
requests    now P50 5.02 P95 48.1 P99 50.3ms  all P50 44.0 P95 51.1 P99 52.0ms  263";
    assert_eq!(view(&healthy(), 140), expected);
    assert_eq!(
        plain(&healthy()),
        "running 6/10 s  rate 15 of 15/s  started 90/150  ok 88  failed 0  dropped 0  in flight 2  \
         now P50 5.02 P95 48.1 P99 50.3 ms  all P50 44.0 P95 51.1 P99 52.0 ms  lag P99 0.41 ms  ends in 4s"
    );
}

#[test]
fn what_goes_wrong_is_shown() {
    let expected = "\
██████░░░░ 6/10s, 4s left  rate 8 of 15/s  ████▅  agents 2 (b LOST at 4s)
started 75/150  42 ok  33 failed  12 dropped  3 unreported  lag P99 7.50ms
requests    now P50 5.02 P95 48.1 P99 50.3ms  all P50 44.0 P95 51.1 P99 52.0ms
thresholds  ✓ ✓  ✗ POST /cart failed<1%: 4.14%  1 without samples
errors      30× 404 GET /  3× 500 POST /cart  1× timeout GET /slow";
    assert_eq!(view(&in_trouble(), 80), expected);
    let wide = view(&in_trouble(), 140);
    assert!(
        wide.contains("3 unreported  2 in flight  lag P99 7.50ms"),
        "{wide}"
    );
    assert!(wide.contains("P99 52.0ms  263, 12.5% failed"), "{wide}");
    assert_eq!(
        plain(&in_trouble()),
        "running 6/10 s  rate 8 of 15/s  started 75/150  ok 42  failed 33 (44.0%)  dropped 12  unreported 3  \
         in flight 2  now P50 5.02 P95 48.1 P99 50.3 ms  all P50 44.0 P95 51.1 P99 52.0 ms  lag P99 7.50 ms  \
         ends in 4s  agents 2 (b LOST at 4s)  1 of 4 thresholds broken: POST /cart failed<1%: 4.14%  \
         errors 30x 404 GET /, 3x 500 POST /cart, 1x timeout GET /slow"
    );
}

#[test]
fn users_ask_for_no_rate() {
    let expected = "\
█████░░░░░ 61m 40s/2h 1m, 59m 20s left  rate 14/s
started 1.23M  1.23M ok  0 failed  0 dropped  2 in flight  lag P99 0.41ms
requests    now P50 5.02 P95 48.1 P99 50.3ms  all P50 44.0 P95 51.1 P99 52.0ms";
    assert_eq!(view(&users(), 80), expected);
    let text = plain(&users());
    assert!(
        text.starts_with("running 3700/7260 s  rate 14/s  started 1,234,567  ok"),
        "{text}"
    );
    let quota = Progress {
        planned: 1_500_000,
        ..users()
    };
    let text = view(&quota, 80);
    let bar = "████████░░ 61m 40s/2h 1m, at most 59m 20s left  rate 14/s\nstarted 1.23M/1.50M  ";
    assert!(text.starts_with(bar), "{text}");
    assert!(plain(&quota).ends_with("ends in at most 59m 20s"));
}

#[test]
fn a_pause_and_the_end_are_named() {
    let paused = Progress {
        paused: true,
        asked_rate: 0.0,
        ..healthy()
    };
    let text = view(&paused, 80);
    assert!(
        text.starts_with("██████░░░░ 6/10s, 4s left  PAUSED  █████  agents 2\n"),
        "{text}"
    );
    assert!(plain(&paused).starts_with("paused 6/10 s  "));
    assert_ne!(standing(&paused), standing(&healthy()));
    let draining = Progress {
        state: JobState::Draining,
        elapsed_s: 10.9,
        ..healthy()
    };
    let text = view(&draining, 80);
    assert!(
        text.starts_with("██████████ 10/10s, waiting for the last results  agents 2\n"),
        "{text}"
    );
    let text = plain(&draining);
    assert!(text.starts_with("draining 10/10 s  started 90/150"), "{text}");
    assert!(
        text.ends_with("waiting for the last iterations and results"),
        "{text}"
    );
}

#[test]
fn an_old_rate_is_not_shown_as_the_present_one() {
    let stale = Progress {
        second: Some(1),
        elapsed_s: 9.1,
        ..healthy()
    };
    let text = view(&stale, 80);
    assert!(
        text.contains("no results since 2s") && !text.contains("of 15/s"),
        "{text}"
    );
    let text = plain(&stale);
    assert!(
        text.contains("no results since 2 s") && !text.contains("of 15/s"),
        "{text}"
    );
}

#[test]
fn many_agents_and_thresholds_have_room() {
    let name = |n: u32| format!("agent-{n}");
    let outcome = |n| {
        if n < 10 {
            ThresholdOutcome::Met
        } else {
            ThresholdOutcome::Broken
        }
    };
    let checks = |n| threshold("checks: rate>99%", Some(0.5), "share", outcome(n));
    let many = Progress {
        agents: (0..9).map(name).collect(),
        agent_states: (0..9)
            .map(|n| agent(&name(n), AgentStanding::Failed, Some(n)))
            .collect(),
        thresholds: (0..12).map(checks).collect(),
        ..in_trouble()
    };
    let text = view(&many, 80);
    assert!(text.contains("  agents 9 (9 in trouble)\n"), "{text}");
    assert!(
        text.contains("thresholds  ✓ 10  ✗ checks>99%: 50%  ✗ checks>99%: 50%\n"),
        "{text}"
    );
    let wide = view(&many, 90);
    assert!(
        wide.contains("  agents 9 (agent-0 FAILED at 0s, 8 more)\n"),
        "{wide}"
    );
    assert!(plain(&many).contains("agent-4 FAILED at 4s, 4 more)"));
}

#[test]
fn no_terminal_is_too_small_and_none_is_steered() {
    let mut hostile = in_trouble();
    hostile.errors[0].name = "GET /\u{1b}[2J\u{202e}数据".to_owned();
    hostile.agent_states[0].name = "b\u{7}".to_owned();
    for columns in 2..200 {
        let text = view(&hostile, columns);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }
    let text = plain(&hostile);
    assert!(text.contains("30x 404 GET /\\u{1b}[2J\\u{202e}数据"), "{text}");
    let low = Canvas {
        columns: 79,
        rows: 2,
        colour: true,
    };
    let lines = lines(&hostile, &low);
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].0.contains("\u{1b}[31mb\\u{7} LOST at 4s\u{1b}[0m"),
        "{lines:?}"
    );
}

#[test]
fn what_a_job_waits_for_is_shown_before_it_starts() {
    let queued = Progress {
        state: JobState::Queued,
        reason: "waits\u{1b}[2J".to_owned(),
        ..healthy()
    };
    assert_eq!(plain(&queued), "queued: waits\\u{1b}[2J");
    assert_eq!(view(&queued, 80), "queued: waits\\u{1b}[2J");
    let ended = Progress {
        state: JobState::Finished,
        reason: "because".to_owned(),
        ..healthy()
    };
    assert_eq!(view(&ended, 80), "finished");
}
