//! How a running job looks while it is followed: a few lines on a terminal, one line elsewhere. Pure.

use heavy_report::escape;
use heavy_results::job::JobState;
use heavy_results::progress::Progress;

/// A block of lines for a terminal.
pub(super) fn block(progress: &Progress) -> String {
    if !is_under_way(progress) {
        return state(progress);
    }
    let mut lines = vec![
        format!("{}   {}", clock(progress), ends(progress)),
        format!("  {:<11}{}", "rate", rate_of(progress)),
        format!(
            "  {:<11}{} started   {} ok   {}   {} dropped   {} in flight",
            "iterations",
            started_of(progress),
            progress.ok,
            failed_of(progress),
            progress.dropped,
            progress.in_flight,
        ),
    ];
    if let Some(latencies) = latencies(progress) {
        lines.push(format!("  {:<11}{latencies}   in the last second", "requests"));
    }
    lines.join("\n")
}

/// One line for a log.
pub(super) fn line(progress: &Progress) -> String {
    if !is_under_way(progress) {
        return state(progress);
    }
    let mut line = format!(
        "{}  {}  started {}  ok {}  failed {}  dropped {}  in flight {}",
        clock(progress),
        rate_of(progress),
        started_of(progress),
        progress.ok,
        failed_share(progress),
        progress.dropped,
        progress.in_flight,
    );
    if let Some(latencies) = latencies(progress) {
        line.push_str(&format!("  {latencies}"));
    }
    line.push_str(&format!("  {}", ends(progress)));
    line
}

fn is_under_way(progress: &Progress) -> bool {
    !progress.state.is_final() && !matches!(progress.state, JobState::Queued | JobState::Preparing)
}

/// Before the first start and after the end: the state, and what is waited for. Why it ended is said with the results.
fn state(progress: &Progress) -> String {
    let state = progress.state.as_str();
    if progress.state.is_final() || progress.reason.is_empty() {
        return state.to_owned();
    }
    format!("{state}: {}", escape(&progress.reason))
}

fn clock(progress: &Progress) -> String {
    format!(
        "{} {:.0}/{:.0} s",
        progress.state.as_str(),
        progress.elapsed_s.min(progress.duration_s),
        progress.duration_s
    )
}

/// When the last iteration starts; users may be done earlier than their time is up.
fn ends(progress: &Progress) -> String {
    let left_s = progress.duration_s - progress.elapsed_s;
    if left_s <= 0.0 {
        return "waiting for the last iterations and results".to_owned();
    }
    let most = if progress.planned == 0 { "at most " } else { "" };
    format!("ends in {most}{}", span(left_s))
}

fn span(s: f64) -> String {
    let s = s.ceil().max(0.0) as u64;
    match s {
        0..=119 => format!("{s} s"),
        120..=7_199 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
    }
}

/// Starts in the last second, and how many were asked for; users ask for none.
fn rate_of(progress: &Progress) -> String {
    if progress.asked_rate > 0.0 {
        format!("{:.0} of {:.0}/s", progress.achieved_rate, progress.asked_rate)
    } else {
        format!("{:.0}/s", progress.achieved_rate)
    }
}

fn started_of(progress: &Progress) -> String {
    match progress.planned {
        0 => progress.started.to_string(),
        planned => format!("{}/{planned}", progress.started),
    }
}

fn failed_of(progress: &Progress) -> String {
    let failed = failed_share(progress);
    failed.split_once(' ').map_or_else(
        || format!("{failed} failed"),
        |(count, share)| format!("{count} failed {share}"),
    )
}

/// How many failed, and their share of what ended, if any did.
fn failed_share(progress: &Progress) -> String {
    let ended = progress.ok + progress.failed;
    if progress.failed == 0 || ended == 0 {
        return progress.failed.to_string();
    }
    let percent = progress.failed as f64 / ended as f64 * 100.0;
    if percent < 0.1 {
        format!("{} (<0.1%)", progress.failed)
    } else {
        format!("{} ({percent:.1}%)", progress.failed)
    }
}

fn latencies(progress: &Progress) -> Option<String> {
    let (p50_ms, p95_ms, p99_ms) = (progress.p50_ms?, progress.p95_ms?, progress.p99_ms?);
    Some(format!(
        "p50 {p50_ms:.2} ms  p95 {p95_ms:.2} ms  p99 {p99_ms:.2} ms"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress {
            job: uuid::Uuid::nil(),
            state: JobState::Running,
            reason: String::new(),
            verdict: None,
            agents: Vec::new(),
            elapsed_s: 12.2,
            duration_s: 30.0,
            planned: 15_000,
            scheduled: 6_000,
            started: 5_976,
            ok: 5_900,
            failed: 64,
            dropped: 24,
            in_flight: 12,
            asked_rate: 500.0,
            achieved_rate: 498.0,
            p50_ms: Some(1.2),
            p95_ms: Some(3.1),
            p99_ms: Some(8.0),
        }
    }

    #[test]
    fn a_running_job_shows_all_that_matters_in_either_form() {
        assert_eq!(
            line(&progress()),
            "running 12/30 s  498 of 500/s  started 5976/15000  ok 5900  failed 64 (1.1%)  dropped 24  in flight 12  \
             p50 1.20 ms  p95 3.10 ms  p99 8.00 ms  ends in 18 s"
        );
        assert_eq!(
            block(&progress()),
            "running 12/30 s   ends in 18 s
  rate       498 of 500/s
  iterations 5976/15000 started   5900 ok   64 failed (1.1%)   24 dropped   12 in flight
  requests   p50 1.20 ms  p95 3.10 ms  p99 8.00 ms   in the last second"
        );
    }

    #[test]
    fn users_end_at_most_then() {
        let users = Progress {
            planned: 0,
            asked_rate: 0.0,
            p99_ms: None,
            failed: 0,
            duration_s: 4_000.0,
            ..progress()
        };
        let text = line(&users);
        assert!(text.contains("ends in at most 66 min 28 s"), "{text}");
        assert!(
            text.contains("  498/s  started 5976  ok 5900  failed 0  "),
            "{text}"
        );
        assert_eq!(block(&users).lines().count(), 3);
        let over = Progress {
            elapsed_s: 31.0,
            ..progress()
        };
        assert!(line(&over).contains("30/30 s") && line(&over).contains("waiting for the last iterations"));
    }

    #[test]
    fn reasons_cannot_steer_the_terminal() {
        let queued = Progress {
            state: JobState::Queued,
            reason: "waits\u{1b}[2J".to_owned(),
            ..progress()
        };
        assert_eq!(line(&queued), "queued: waits\\u{1b}[2J");
        let ended = Progress {
            state: JobState::Finished,
            reason: "because".to_owned(),
            ..progress()
        };
        assert_eq!(block(&ended), "finished");
    }
}
