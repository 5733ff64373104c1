//! The heartbeats of one stream: when the next one is to be sent, and whether the scheduler still answers. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The first heartbeats follow each other quickly, to know the clock before the first job.
const QUICK_HEARTBEATS: u64 = 5;
const QUICK: Duration = Duration::from_millis(100);
const USUAL: Duration = Duration::from_secs(1);

/// A scheduler that leaves a heartbeat unanswered for this long is out of reach: three streams can be tried within a
/// lease.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Somebody who looks this late was frozen, and cannot tell what was answered meanwhile.
const FROZEN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Heartbeats {
    sent: u64,
    next: Instant,
    /// Number, instant and instant on `CLOCK_BOOTTIME` of those that are not answered.
    unanswered: VecDeque<(u64, Instant, u64)>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeartbeatStep {
    /// Nothing yet.
    Wait,
    /// Send the heartbeat of this number.
    Send(u64),
    /// Give the stream up.
    GiveUp,
}

impl Heartbeats {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            sent: 0,
            next: now,
            unanswered: VecDeque::new(),
        }
    }

    /// When to look again.
    pub(crate) fn due(&self) -> Instant {
        let oldest = self.unanswered.front();
        oldest.map_or(self.next, |(_, at, _)| self.next.min(*at + ANSWER_LIMIT))
    }

    /// Looks. A heartbeat that is to be sent counts as sent.
    pub(crate) fn look(&mut self, now: Instant, now_boot_ns: u64) -> HeartbeatStep {
        if now > self.due() + FROZEN {
            for (_, at, _) in &mut self.unanswered {
                *at = now;
            }
        }
        let oldest = self.unanswered.front();
        if oldest.is_some_and(|(_, at, _)| now >= *at + ANSWER_LIMIT) {
            return HeartbeatStep::GiveUp;
        }
        if now < self.next {
            return HeartbeatStep::Wait;
        }
        self.sent += 1;
        self.unanswered.push_back((self.sent, now, now_boot_ns));
        let pause = if self.sent < QUICK_HEARTBEATS {
            QUICK
        } else {
            USUAL
        };
        self.next = now + pause;
        HeartbeatStep::Send(self.sent)
    }

    /// Takes an answer; returns when its heartbeat was sent, on `CLOCK_BOOTTIME`. `None`: it was answered before.
    pub(crate) fn answered(&mut self, number: u64) -> Option<u64> {
        let place = self.unanswered.iter().position(|(sent, ..)| *sent == number)?;
        let sent_ns = self.unanswered.get(place).map(|(.., sent_ns)| *sent_ns);
        // Answers come in order.
        self.unanswered.drain(..=place);
        sent_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_scheduler_that_does_not_answer_is_given_up_after_3_s() {
        let start = Instant::now();
        let mut beats = Heartbeats::new(start);
        assert_eq!(beats.look(start, 7), HeartbeatStep::Send(1));
        assert_eq!(beats.look(start + 99 * MS, 8), HeartbeatStep::Wait);
        assert_eq!(beats.answered(1), Some(7));
        assert_eq!(beats.answered(1), None);
        let mut at = start + 100 * MS;
        let mut sent = Vec::new();
        let given_up = loop {
            match beats.look(at, 0) {
                HeartbeatStep::Send(number) => sent.push((number, at - start)),
                HeartbeatStep::GiveUp => break at - start,
                HeartbeatStep::Wait => {}
            }
            at = beats.due();
        };
        let sent: Vec<(u64, u128)> = sent.iter().map(|(n, at)| (*n, at.as_millis())).collect();
        assert_eq!(
            sent,
            [(2, 100), (3, 200), (4, 300), (5, 400), (6, 1400), (7, 2400)]
        );
        assert_eq!(given_up.as_millis(), 3100);
    }

    #[test]
    fn an_answer_answers_what_was_sent_before() {
        let start = Instant::now();
        let mut beats = Heartbeats::new(start);
        for n in 0..5 {
            assert_eq!(
                beats.look(start + n * 100 * MS, 0),
                HeartbeatStep::Send(u64::from(n) + 1)
            );
        }
        assert_eq!(beats.answered(4), Some(0));
        assert_eq!(beats.answered(2), None);
        assert_eq!(beats.due(), start + 1400 * MS);
        beats.look(start + 1400 * MS, 0);
        assert_eq!(beats.look(start + 3399 * MS, 0), HeartbeatStep::Send(7));
        assert_eq!(beats.look(start + 3400 * MS, 0), HeartbeatStep::GiveUp);
    }

    #[test]
    fn an_agent_that_was_frozen_waits_for_answers_that_have_come() {
        let start = Instant::now();
        let mut beats = Heartbeats::new(start);
        beats.look(start, 0);
        let thawed = start + 13_000 * MS;
        assert_eq!(beats.look(thawed, 0), HeartbeatStep::Send(2));
        let mut at = thawed;
        while beats.look(at, 0) != HeartbeatStep::GiveUp {
            at = beats.due();
        }
        assert_eq!(at, thawed + ANSWER_LIMIT);
    }
}
