//! `logs`: prints what a job's load tests wrote.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;
use clap::builder::FalseyValueParser;
use heavy_process::signals::is_unread;
use heavy_report::escape;
use heavy_results::job::LoggedLine;

use super::output::{say, stdout_style};
use super::{Error, JobHome};

/// How often a running job is asked for new lines.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// Which log to print.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// Job: an id, a unique prefix of an id, or `last`
    job: String,
    /// Keep printing new lines until the job has ended
    #[arg(long, env = "HEAVY_FOLLOW_LOGS", value_parser = FalseyValueParser::new())]
    follow: bool,
    /// Print JSON, one document per line
    #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// Prints the log of a job, a page at a time.
pub(crate) async fn run(home: &dyn JobHome, args: &LogsArgs) -> Result<(), Error> {
    // `last` may be another job a page later.
    let id = home.get(&args.job).await?.job.id.to_string();
    let (mut next, mut has_ended) = (0, false);
    loop {
        let lines = home.log_lines(&id, next).await?;
        if let Some(last) = lines.last() {
            next = last.number + 1;
            if !print(&lines, args.json)? {
                return Ok(());
            }
        } else if !args.follow || has_ended {
            if next == 0 && !args.json {
                say(&format!("job {id} has no log: its load tests printed nothing\n"));
            }
            return Ok(());
        } else {
            // Lines may have been stored since they were asked for, so a job that has ended is asked once more.
            has_ended = home.get(&id).await?.job.state.is_final();
            if !has_ended {
                tokio::time::sleep(FOLLOW_EVERY).await;
            }
        }
    }
}

/// Prints lines; false when nobody reads them any more.
fn print(lines: &[LoggedLine], json: bool) -> Result<bool, Error> {
    let colour = stdout_style(false, "").colour;
    let mut text = String::new();
    for line in lines {
        text.push_str(&if json {
            serde_json::to_string(line)? + "\n"
        } else {
            shown(line, colour)
        });
    }
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if is_unread(&error) => Ok(false),
        written => Ok(written.map(|()| true)?),
    }
}

/// Seconds from the job's start, agent, stream and text.
fn shown(line: &LoggedLine, colour: bool) -> String {
    let source = format!(
        "{:>9.3}s {} {}",
        line.at_ns as f64 / 1e9,
        escape(&line.agent),
        escape(&line.stream)
    );
    let text = escape(&line.line);
    if colour {
        format!("\u{1b}[2m{source}\u{1b}[0m {text}\n")
    } else {
        format!("{source} {text}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_with_its_source_and_escaped() {
        let line = LoggedLine {
            number: 0,
            agent: "a1".to_owned(),
            at_ns: 1_234_567_890,
            stream: "stdout".to_owned(),
            line: "cart\u{1b}[2J\tfull".to_owned(),
        };
        assert_eq!(
            shown(&line, false),
            "    1.235s a1 stdout cart\\u{1b}[2J\\tfull\n"
        );
        let coloured = "\u{1b}[2m    1.235s a1 stdout\u{1b}[0m cart\\u{1b}[2J\\tfull\n";
        assert_eq!(shown(&line, true), coloured);
    }
}
