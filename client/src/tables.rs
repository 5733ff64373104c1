//! Tables and details for people. Texts that load tests, agents or other people chose are escaped.

use heavy_report::{clip, escape};
use heavy_results::config::Config;
use heavy_results::job::{AgentInfo, JobInfo};

/// Columns of a name, and of a load, a reason or labels, that a list shows.
const NAME: usize = 60;
const TEXT: usize = 80;

pub(crate) fn jobs(jobs: &[JobInfo], now_wall_ns: u64) -> String {
    if jobs.is_empty() {
        return "no jobs yet: run one first\n".to_owned();
    }
    aligned(
        jobs,
        &[
            ("JOB", &|job| job.id.to_string()),
            ("NAME", &|job| clip(&job.spec.name, NAME)),
            ("STATE", &state),
            ("VERDICT", &|job| {
                job.verdict.map_or("", |verdict| verdict.as_str()).to_owned()
            }),
            ("SUBMITTED", &|job| ago(now_wall_ns, job.submitted_at_wall_ns)),
            ("LOAD", &|job| clip(&job.spec.describe_load(), TEXT)),
            ("REASON", &|job| clip(&job.reason, TEXT)),
        ],
    )
}

pub(crate) fn configs(configs: &[Config], now_wall_ns: u64) -> String {
    if configs.is_empty() {
        return "no configurations yet: `config save NAME` saves one\n".to_owned();
    }
    let load = |config: &Config| match config.run() {
        Ok(spec) => spec.describe_load(),
        Err(_) => "cannot be read: save it again".to_owned(),
    };
    aligned(
        configs,
        &[
            ("CONFIG", &|config| escape(&config.name)),
            ("SAVED", &|config| ago(now_wall_ns, config.saved_at_wall_ns)),
            ("LOAD", &|config| clip(&load(config), TEXT)),
        ],
    )
}

pub(crate) fn agents(agents: &[AgentInfo], now_wall_ns: u64) -> String {
    if agents.is_empty() {
        return "no agent is connected: start one with `heavy-agent --collector URL`\n".to_owned();
    }
    let clock = |agent: &AgentInfo| match (agent.clock_offset_ns, agent.clock_error_ns) {
        (Some(offset_ns), Some(error_ns)) => {
            format!("{:+.3} ms ± {:.3}", offset_ns as f64 / 1e6, error_ns as f64 / 1e6)
        }
        _ => String::new(),
    };
    let labels = |agent: &AgentInfo| {
        let labels = agent.labels.iter();
        let labels = labels.map(|(key, value)| format!("{}={}", escape(key), escape(value)));
        clip(&labels.collect::<Vec<_>>().join(" "), TEXT)
    };
    aligned(
        agents,
        &[
            ("AGENT", &|agent| escape(&agent.name)),
            ("JOB", &|agent| {
                agent.job.map_or_else(|| "free".to_owned(), |job| job.to_string())
            }),
            ("CORES", &|agent| agent.cores.to_string()),
            ("ARCH", &|agent| escape(&agent.architecture)),
            ("GLIBC", &|agent| escape(&agent.glibc)),
            ("SANDBOX", &|agent| {
                agent.sandbox.map_or_else(String::new, |level| level.to_string())
            }),
            ("VERSION", &|agent| escape(&agent.version)),
            ("CONNECTED", &|agent| ago(now_wall_ns, agent.connected_at_wall_ns)),
            ("CLOCK", &clock),
            ("LABELS", &labels),
        ],
    )
}

fn state(job: &JobInfo) -> String {
    let degraded = if job.degraded { ", degraded" } else { "" };
    format!("{}{degraded}", job.state.as_str())
}

/// How long ago something was, roughly.
fn ago(now_wall_ns: u64, then_wall_ns: u64) -> String {
    let s = now_wall_ns.saturating_sub(then_wall_ns) / 1_000_000_000;
    match s {
        0..=119 => format!("{s} s ago"),
        120..=7_199 => format!("{} min ago", s / 60),
        7_200..=172_799 => format!("{} h ago", s / 3_600),
        _ => format!("{} d ago", s / 86_400),
    }
}

/// A column's head, and its cell of a row.
type ListColumn<'a, T> = (&'a str, &'a dyn Fn(&T) -> String);

/// Columns as wide as their widest cell, two spaces between them; columns without any cell are left out.
fn aligned<T>(rows: &[T], columns: &[ListColumn<'_, T>]) -> String {
    let mut lines = vec![String::new(); rows.len() + 1];
    for (head, cell) in columns {
        let cells: Vec<String> = rows.iter().map(cell).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let cells = std::iter::once(*head).chain(cells.iter().map(String::as_str));
        let widest = cells.clone().map(heavy_report::columns).max().unwrap_or(0);
        for (line, cell) in lines.iter_mut().zip(cells) {
            line.push_str(cell);
            line.push_str(&" ".repeat(widest - heavy_report::columns(cell) + 2));
        }
    }
    lines
        .iter()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let columns: [ListColumn<'_, (&str, u32)>; 3] = [
            ("NAME", &|(name, _)| (*name).to_owned()),
            ("EMPTY", &|_| String::new()),
            ("N", &|(_, number)| number.to_string()),
        ];
        assert_eq!(
            aligned(&[("a", 1), ("longer", 22)], &columns),
            "NAME    N\na       1\nlonger  22\n"
        );
        assert_eq!(
            aligned(&[("数据", 1), ("abc", 2)], &columns),
            "NAME  N\n数据  1\nabc   2\n"
        );
    }

    #[test]
    fn a_list_of_nothing_says_so() {
        assert_eq!(jobs(&[], 0), "no jobs yet: run one first\n");
        assert!(configs(&[], 0).contains("config save NAME"));
    }

    #[test]
    fn hostile_names_cannot_steer_the_terminal() {
        let agent = AgentInfo {
            name: "a\u{1b}[2Jb".to_owned(),
            labels: [("k".to_owned(), format!("v\n{}", "x".repeat(70_000)))].into(),
            version: "1".to_owned(),
            cores: 1,
            architecture: "x86_64".to_owned(),
            glibc: String::new(),
            sandbox: None,
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
        assert!(text.lines().all(|line| line.chars().count() < 250), "{text}");
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
            assert_eq!(ago(s * second, 0), text);
        }
    }
}
