//! Tables and details for people. Texts that load tests, agents or other people chose are escaped.

use std::fmt::Write as _;

use heavy_report::escape;
use heavy_results::config::Config;
use heavy_results::job::{AgentInfo, JobInfo};

/// Characters of a reason that a list shows.
const LONGEST_REASON: usize = 80;

/// Jobs, newest first.
pub(crate) fn jobs(jobs: &[JobInfo], now_wall_ns: u64) -> String {
    let rows = jobs.iter().map(|job| {
        vec![
            job.id.to_string(),
            escape(&job.spec.name),
            state(job),
            job.verdict.map_or("", |verdict| verdict.as_str()).to_owned(),
            ago(now_wall_ns.saturating_sub(job.submitted_at_wall_ns)),
            shortened(&job.spec.describe_load()),
            shortened(&escape(&job.reason)),
        ]
    });
    let head = ["JOB", "NAME", "STATE", "VERDICT", "SUBMITTED", "LOAD", "REASON"];
    aligned(&head, rows.collect())
}

pub(crate) fn configs(configs: &[Config], now_wall_ns: u64) -> String {
    let rows = configs.iter().map(|config| {
        let load = config.run().map_or_else(
            |_| "cannot be read: save it again".to_owned(),
            |spec| spec.describe_load(),
        );
        vec![
            escape(&config.name),
            ago(now_wall_ns.saturating_sub(config.saved_at_wall_ns)),
            shortened(&escape(&load)),
        ]
    });
    aligned(&["CONFIG", "SAVED", "LOAD"], rows.collect())
}

pub(crate) fn agents(agents: &[AgentInfo], now_wall_ns: u64) -> String {
    let rows = agents.iter().map(|agent| {
        let labels: Vec<String> = agent
            .labels
            .iter()
            .map(|(key, value)| format!("{}={}", escape(key), escape(value)))
            .collect();
        let clock = match (agent.clock_offset_ns, agent.clock_error_ns) {
            (Some(offset_ns), Some(error_ns)) => {
                format!("{:+.3} ms ± {:.3}", offset_ns as f64 / 1e6, error_ns as f64 / 1e6)
            }
            _ => String::new(),
        };
        vec![
            escape(&agent.name),
            agent.job.map_or_else(|| "free".to_owned(), |job| job.to_string()),
            agent.cores.to_string(),
            escape(&agent.architecture),
            escape(&agent.glibc),
            escape(&agent.version),
            ago(now_wall_ns.saturating_sub(agent.connected_at_wall_ns)),
            clock,
            labels.join(" "),
        ]
    });
    let head = [
        "AGENT",
        "JOB",
        "CORES",
        "ARCH",
        "GLIBC",
        "VERSION",
        "CONNECTED",
        "CLOCK",
        "LABELS",
    ];
    aligned(&head, rows.collect())
}

/// One job, without its results.
pub(crate) fn job(job: &JobInfo) -> String {
    let mut text = String::new();
    let mut line = |what: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "{what:<11}{value}");
        }
    };
    line("job", escape(&job.spec.name));
    line("Test ID", job.id.to_string());
    line("state", state(job));
    line("reason", escape(&job.reason));
    line(
        "load",
        format!("{}: {} iterations", job.spec.describe_load(), job.planned),
    );
    line("service", escape(&job.spec.service));
    line("about", escape(&job.spec.description));
    text
}

/// The beginning of a text that would make a row too long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn state(job: &JobInfo) -> String {
    let degraded = if job.degraded { ", degraded" } else { "" };
    format!("{}{degraded}", job.state.as_str())
}

/// A span of time, roughly.
fn ago(ns: u64) -> String {
    let s = ns / 1_000_000_000;
    match s {
        0..=119 => format!("{s} s ago"),
        120..=7_199 => format!("{} min ago", s / 60),
        7_200..=172_799 => format!("{} h ago", s / 3_600),
        _ => format!("{} d ago", s / 86_400),
    }
}

/// Columns as wide as their widest cell, two spaces between them; columns without any cell are left out.
fn aligned(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .max()
            .filter(|width| *width > 0)
            .map(|width| width.max(head[column].len()))
    };
    let widths: Vec<Option<usize>> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &[&str]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            if let Some(width) = width {
                let _ = write!(line, "{cell:<width$}  ");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(head);
    for row in &rows {
        line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let rows = vec![
            vec!["a".to_owned(), String::new(), "1".to_owned()],
            vec!["longer".to_owned(), String::new(), "22".to_owned()],
        ];
        assert_eq!(
            aligned(&["NAME", "EMPTY", "N"], rows),
            "NAME    N\na       1\nlonger  22\n"
        );
    }

    #[test]
    fn hostile_names_cannot_steer_the_terminal() {
        let agent = AgentInfo {
            name: "a\u{1b}[2Jb".to_owned(),
            labels: [("k".to_owned(), "v\n".to_owned())].into(),
            version: "1".to_owned(),
            cores: 1,
            architecture: "x86_64".to_owned(),
            glibc: String::new(),
            job: None,
            connected_at_wall_ns: 0,
            last_seen_ns: 0,
            clock_offset_ns: Some(-1_500_000),
            clock_error_ns: Some(2_000),
        };
        let text = agents(&[agent], 0);
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains("-1.500 ms ± 0.002"), "{text}");
    }

    #[test]
    fn long_reasons_are_cut() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ä".repeat(100)), "ä".repeat(80) + "...");
    }

    #[test]
    fn spans_are_rough() {
        let second = 1_000_000_000;
        for (s, text) in [
            (5, "5 s ago"),
            (150, "2 min ago"),
            (7_200, "2 h ago"),
            (200_000, "2 d ago"),
        ] {
            assert_eq!(ago(s * second), text);
        }
    }
}
