//! Events and log lines, numbered in the order in which they came.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::stats::{Event, LogLine};

/// Events that a summary holds.
const MOST_EVENTS: usize = 1000;

/// Events that progress holds.
const MOST_NEWEST: usize = 20;

/// How many events and log lines of a job were written: the next ones continue their numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Events.
    pub events: u64,
    /// Log lines.
    pub lines: u64,
}

/// Pending writes, and the first events of the job.
#[derive(Debug, Default)]
pub(super) struct Journal {
    events: Vec<(u64, Event)>,
    next_event: u64,
    /// The first [`MOST_EVENTS`] events.
    pub(super) first_events: Vec<Event>,
    /// The last [`MOST_NEWEST`] events, each with its number, oldest first.
    pub(super) newest: VecDeque<(u64, Event)>,
    log: Vec<(u64, String, LogLine)>,
    next_line: u64,
}

impl Journal {
    /// One that continues after what is written already, of which `events` are the first.
    pub(super) fn after(written: Written, events: Vec<Event>) -> Self {
        Self {
            next_event: written.events,
            next_line: written.lines,
            first_events: events,
            ..Self::default()
        }
    }

    pub(super) const fn written(&self) -> Written {
        Written {
            events: self.next_event,
            lines: self.next_line,
        }
    }

    pub(super) fn add_event(&mut self, event: Event) {
        if self.first_events.len() < MOST_EVENTS {
            self.first_events.push(event.clone());
        }
        if self.newest.len() == MOST_NEWEST {
            self.newest.pop_front();
        }
        self.newest.push_back((self.next_event, event.clone()));
        self.events.push((self.next_event, event));
        self.next_event += 1;
    }

    pub(super) fn add_line(&mut self, agent: &str, line: LogLine) {
        self.log.push((self.next_line, agent.to_owned(), line));
        self.next_line += 1;
    }

    /// New events, each with its number in the job.
    pub(super) fn take_events(&mut self) -> Vec<(u64, Event)> {
        std::mem::take(&mut self.events)
    }

    /// New log lines, each with its number in the job and its agent.
    pub(super) fn take_log(&mut self) -> Vec<(u64, String, LogLine)> {
        std::mem::take(&mut self.log)
    }
}
