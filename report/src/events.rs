//! Events of a job in words, in all formats alike; what they quote is hostile text.

use heavy_results::stats::Event;

use crate::units::{number, time};

/// When, from the job's start: `6.20s`, `-1.50s`.
pub(crate) fn at(event: &Event) -> String {
    let sign = if event.at_ns < 0 { "-" } else { "" };
    format!("{sign}{}", time(event.at_ns.unsigned_abs() as f64 / 1e6))
}

/// What happened, and who did it: `rate 100/s to 120/s, by ann`.
pub(crate) fn in_words(event: &Event) -> String {
    let mut text = what(event);
    if !event.who.is_empty() {
        text.push_str(&format!(", by {}", event.who));
    }
    text
}

/// What happened: `rate 100/s to 120/s`, `pause`.
fn what(event: &Event) -> String {
    match (event.old_value.as_str(), event.new_value.as_str()) {
        ("", "") => event.kind.clone(),
        ("", new) => format!("{} {}", event.kind, shown(new)),
        (old, "") => format!("{} at {}", event.kind, shown(old)),
        (old, new) => format!("{} {} to {}", event.kind, shown(old), shown(new)),
    }
}

/// A value as people read it: rates lose digits that nobody asked for.
fn shown(value: &str) -> String {
    let per_second = value.strip_suffix("/s").and_then(|rate| rate.parse::<f64>().ok());
    per_second.map_or_else(|| value.to_owned(), |rate| format!("{}/s", number(rate)))
}

/// The event in the few words of a summary, if it changed the load or took an agent away.
pub(crate) fn in_short(event: &Event) -> Option<String> {
    let when = if event.at_ns < 0 {
        "before the start".to_owned()
    } else {
        format!("at {}", at(event))
    };
    let text = match event.kind.as_str() {
        "rate" | "resume" => format!("{} {when}", what(event)),
        "pause" | "stop" => format!("{} {when}", event.kind),
        "params" => format!("new params {when}"),
        "agent-joined" | "agent-lost" | "agent-failed" | "agent-died" | "process-died" | "lease-lost" => {
            format!("{} {} {when}", event.kind, event.who)
        }
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_their_values() {
        let event = |kind: &str, old: &str, new: &str| Event {
            at_ns: 6_200_000_000,
            kind: kind.to_owned(),
            who: "ann".to_owned(),
            old_value: old.to_owned(),
            new_value: new.to_owned(),
        };
        let rate = event("rate", "100/s", "120.123456789/s");
        assert_eq!(in_words(&rate), "rate 100/s to 120.1/s, by ann");
        assert_eq!(in_short(&rate).unwrap(), "rate 100/s to 120.1/s at 6.20s");
        let pause = event("pause", "100/s", "");
        assert_eq!(in_words(&pause), "pause at 100/s, by ann");
        assert_eq!(in_short(&pause).unwrap(), "pause at 6.20s");
        assert_eq!(
            in_short(&event("resume", "", "100/s")).unwrap(),
            "resume 100/s at 6.20s"
        );
        assert_eq!(
            in_short(&event("agent-lost", "", "lease")).unwrap(),
            "agent-lost ann at 6.20s"
        );
        assert_eq!(in_short(&event("prepared", "", "")), None);
    }
}
