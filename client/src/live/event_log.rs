//! What happened to a job, each once, as a line.

use heavy_report::escape;
use heavy_results::progress::{Progress, ProgressEvent};

/// Remembers which events were shown.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    /// The number of the next one.
    next: u64,
}

impl EventLog {
    /// A line for each event that was not shown before.
    pub(crate) fn new_lines(&mut self, progress: &Progress) -> Vec<String> {
        let mut lines = Vec::new();
        for event in &progress.events {
            if event.number < self.next {
                continue;
            }
            let missed = event.number - self.next;
            if missed > 0 && self.next > 0 {
                let events = if missed == 1 { "event" } else { "events" };
                lines.push(format!("{missed} more {events}"));
            }
            self.next = event.number + 1;
            lines.push(escape(&format!(
                "at {:.1} s: {}",
                event.at_s.max(0.0),
                in_words(event)
            )));
        }
        lines
    }
}

/// What happened, as a sentence.
fn in_words(event: &ProgressEvent) -> String {
    let ProgressEvent {
        who,
        old_value: old,
        new_value: new,
        ..
    } = event;
    match event.kind.as_str() {
        "agent-lost" => format!("agent {who} was lost: {new}"),
        "agent-joined" => format!("agent {who} joined"),
        "agent-failed" => format!("agent {who} lost its load test ({new})"),
        "process-died" => format!("the load test on agent {who} died"),
        "lease-lost" => format!("agent {who} lost its lease and stopped its load test"),
        "threshold-broken" => format!("threshold {who} is broken: {new}"),
        "threshold-met" => format!("threshold {who} is met again: {new}"),
        "generator-late" => format!("the generator starts iterations late: {new}"),
        "abort" => new.clone(),
        "rate" => format!("rate {old} to {new}, by {who}"),
        "pause" => format!("paused, by {who}"),
        "resume" => format!("resumed at {new}, by {who}"),
        "params" => format!("new params, by {who}"),
        "stop" => format!("stopped ({new}), by {who}"),
        "params-refused" => format!("agent {who} refused the new params: {new}"),
        "revision-late" => format!("agent {who} took part in the last change {new} late"),
        "revision-unacknowledged" => format!("agent {who} has not acknowledged the last change"),
        "params-unacknowledged" => format!("agent {who} has not acknowledged the new params"),
        kind => {
            let words = [kind, who, old, new].into_iter().filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join(" ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, kind: &str, who: &str, new: &str) -> ProgressEvent {
        ProgressEvent {
            number,
            at_s: 13.96,
            kind: kind.to_owned(),
            who: who.to_owned(),
            old_value: "100/s".to_owned(),
            new_value: new.to_owned(),
        }
    }

    fn progress(events: Vec<ProgressEvent>) -> Progress {
        Progress {
            events,
            ..Progress::default()
        }
    }

    #[test]
    fn each_event_is_told_once_in_words() {
        let mut log = EventLog::default();
        let lost = event(7, "agent-lost", "b\u{1b}[2J", "it sent nothing for 10 s");
        let rate = event(8, "rate", "ann", "120/s");
        let first = progress(vec![lost.clone()]);
        assert_eq!(
            log.new_lines(&first),
            ["at 14.0 s: agent b\\u{1b}[2J was lost: it sent nothing for 10 s"]
        );
        assert_eq!(log.new_lines(&first), [""; 0]);
        let second = progress(vec![lost, rate]);
        assert_eq!(log.new_lines(&second), ["at 14.0 s: rate 100/s to 120/s, by ann"]);
        let later = progress(vec![event(12, "threshold-broken", "checks: rate>99%", "50%")]);
        assert_eq!(
            log.new_lines(&later),
            [
                "3 more events",
                "at 14.0 s: threshold checks: rate>99% is broken: 50%"
            ]
        );
        let unknown = progress(vec![event(14, "moved", "b", "")]);
        assert_eq!(
            log.new_lines(&unknown),
            ["1 more event", "at 14.0 s: moved b 100/s"]
        );
    }
}
