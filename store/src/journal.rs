//! Events and log lines of a job that are stored: aggregated again, none of them is written under another number.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use heavy_results::aggregate::{SeriesUpdate, Written};
use heavy_results::stats::Event;
use uuid::Uuid;

use crate::log::log_lines;
use crate::text::{clean, instant_ns};
use crate::{Error, Store};

const ROWS_PER_READ: u32 = 10_000;

/// What is stored of a job. Content tells what is the same: numbers follow from the order in which batches were read.
#[derive(Debug, Default)]
pub struct StoredJournal {
    events: Vec<Event>,
    /// How many of each content are stored and were not met yet.
    unmet: HashMap<u64, u32>,
    next_event: u64,
    next_line: u64,
}

impl StoredJournal {
    /// Reads what is stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read(store: &dyn Store, job: Uuid) -> Result<Self, Error> {
        let mut stored = Self::default();
        loop {
            let (from, limit) = (stored.next_event, ROWS_PER_READ);
            let sql = format!(
                "SELECT number, at_ns, kind, who, old_value, new_value FROM event_rows WHERE job_id = '{job}' \
                 AND number >= {from} ORDER BY number LIMIT {limit}"
            );
            let rows = store.query(&sql, limit as usize).await?.rows;
            let read = rows.len();
            for (number, event) in rows.into_iter().filter_map(event) {
                stored.add_event(number, event);
            }
            if read < limit as usize || stored.next_event == from {
                break;
            }
        }
        loop {
            let lines = log_lines(store, job, stored.next_line, ROWS_PER_READ).await?;
            for line in &lines {
                stored.next_line = line.number + 1;
                stored.remember(of_line(&line.agent, line.at_ns, &line.stream, &line.line));
            }
            if lines.len() < ROWS_PER_READ as usize {
                return Ok(stored);
            }
        }
    }

    /// Leaves out what is stored, and numbers the rest after it. Returns all events of the job, and how much is written then.
    pub fn number(mut self, update: &mut SeriesUpdate) -> (Vec<Event>, Written) {
        let events = std::mem::take(&mut update.events);
        for (_, event) in events {
            if !self.meet(of_event(&event)) {
                update.events.push((self.next_event, event.clone()));
                self.events.push(event);
                self.next_event += 1;
            }
        }
        let lines = std::mem::take(&mut update.log);
        for (_, agent, line) in lines {
            if !self.meet(of_line(&agent, line.at_ns, &line.stream, &line.text)) {
                update.log.push((self.next_line, agent, line));
                self.next_line += 1;
            }
        }
        let written = Written {
            events: self.next_event,
            lines: self.next_line,
        };
        (self.events, written)
    }

    fn add_event(&mut self, number: u64, event: Event) {
        self.next_event = number + 1;
        self.remember(of_event(&event));
        self.events.push(event);
    }

    fn remember(&mut self, content: u64) {
        *self.unmet.entry(content).or_default() += 1;
    }

    fn meet(&mut self, content: u64) -> bool {
        let unmet = self.unmet.get_mut(&content).filter(|unmet| **unmet > 0);
        unmet.map(|unmet| *unmet -= 1).is_some()
    }
}

/// None only of a row that this version has not written.
fn event(row: Vec<Option<String>>) -> Option<(u64, Event)> {
    let [number, at_ns, kind, who, old_value, new_value] = <[_; 6]>::try_from(row).ok()?;
    let event = Event {
        at_ns: at_ns?.parse().ok()?,
        kind: kind?,
        who: who?,
        old_value: old_value?,
        new_value: new_value?,
    };
    Some((number?.parse().ok()?, event))
}

fn of_event(event: &Event) -> u64 {
    let texts = [&event.kind, &event.who, &event.old_value, &event.new_value];
    content(instant_ns(event.at_ns), texts.map(String::as_str))
}

fn of_line(agent: &str, at_ns: i64, stream: &str, line: &str) -> u64 {
    content(instant_ns(at_ns), [agent, stream, line])
}

/// As the database holds it.
fn content<const N: usize>(at_ns: i64, texts: [&str; N]) -> u64 {
    FixedState::default().hash_one((at_ns, texts.map(clean)))
}

#[cfg(test)]
mod tests {
    use heavy_results::stats::LogLine;

    use super::*;

    fn event(at_ns: i64, kind: &str) -> Event {
        Event {
            at_ns,
            kind: kind.to_owned(),
            ..Event::default()
        }
    }

    #[test]
    fn what_is_stored_keeps_its_number_and_the_rest_follows() {
        let mut stored = StoredJournal::default();
        for (number, kind) in ["started", "process-died", "process-died", "rate"]
            .into_iter()
            .enumerate()
        {
            stored.add_event(number as u64, event(7, kind));
        }
        stored.next_line = 5;
        stored.remember(of_line("a", 1, "stderr", "x \u{fffd}"));
        let line = |text: &str| {
            let (stream, text) = ("stderr".into(), text.into());
            let line = LogLine {
                at_ns: 1,
                stream,
                text,
            };
            (0, "a".to_owned(), line)
        };
        let mut update = SeriesUpdate {
            events: vec![
                (0, event(7, "process-died")),
                (1, event(7, "process-died")),
                (2, event(7, "process-died")),
                (3, event(7, "process-died")),
                (4, event(8, "started")),
            ],
            log: vec![line("x \u{fffd}"), line("y")],
            ..SeriesUpdate::default()
        };
        let (all, written) = stored.number(&mut update);
        let died = || event(7, "process-died");
        let expected = [(4, died()), (5, died()), (6, event(8, "started"))];
        assert_eq!(update.events, expected);
        let lines: Vec<(u64, &str)> = update.log.iter().map(|(n, _, line)| (*n, &*line.text)).collect();
        assert_eq!(lines, [(5, "y")]);
        assert_eq!((all.len(), written.events, written.lines), (7, 7, 6));
        assert_eq!(all[3], event(7, "rate"), "the scheduler's own");
    }
}
