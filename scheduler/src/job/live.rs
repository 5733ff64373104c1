//! What watchers learn of a running job's results: its figures, and events that follow from them. Pure.

use heavy_results::progress::LiveFigures;
use heavy_results::stats::Event;
use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary};

/// Seconds in a row for which a threshold is broken, or met again, before that is an event: near its limit it changes often.
const SECONDS_IN_A_ROW: u32 = 2;
/// The most events that one threshold causes.
const MOST_EVENTS: u32 = 6;

/// What the aggregation tells its job's driver.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveResults {
    pub(crate) figures: LiveFigures,
    /// Why the load is to stop: the threshold that is broken.
    pub(crate) broken: Option<String>,
}

/// Finds what is worth an event: thresholds that break or are met again, and a generator that becomes late.
#[derive(Debug, Default)]
pub(crate) struct LiveEvents {
    known_before: u32,
    thresholds: Vec<ThresholdState>,
    is_late: bool,
}

#[derive(Debug, Clone, Default)]
struct ThresholdState {
    /// As the last event told.
    is_broken: bool,
    /// Seconds for which it has been otherwise.
    seconds: u32,
    events: u32,
}

impl LiveEvents {
    /// The events of figures that are newer than those before; none after the load, which lasts `load_s` seconds.
    pub(crate) fn find(&mut self, figures: &LiveFigures, load_s: u32) -> Vec<Event> {
        if figures.known_before <= self.known_before || figures.known_before > load_s {
            return Vec::new();
        }
        let seconds = figures.known_before - self.known_before;
        self.known_before = figures.known_before;
        self.thresholds
            .resize_with(figures.thresholds.len(), ThresholdState::default);
        let states = self.thresholds.iter_mut().zip(&figures.thresholds);
        let mut events: Vec<Event> = states
            .filter_map(|(state, threshold)| state.change(threshold, seconds))
            .collect();
        if figures.is_late && !self.is_late {
            let lag_ms = figures.lag_p99_ms.unwrap_or_default();
            events.push(Event {
                kind: "generator-late".to_owned(),
                who: "generator".to_owned(),
                new_value: format!("lag P99 {lag_ms:.2} ms, limit {:.2} ms", figures.lag_limit_ms),
                ..Event::default()
            });
        }
        self.is_late |= figures.is_late;
        let at_ns = i64::from(figures.known_before) * 1_000_000_000;
        events.iter_mut().for_each(|event| event.at_ns = at_ns);
        events
    }
}

impl ThresholdState {
    /// The event of a threshold that has changed for long enough.
    fn change(&mut self, threshold: &ThresholdSummary, seconds: u32) -> Option<Event> {
        let is_broken = threshold.outcome == ThresholdOutcome::Broken;
        if is_broken == self.is_broken {
            self.seconds = 0;
            return None;
        }
        // Seconds that became known at once were not judged one by one.
        self.seconds += seconds.min(1);
        // What stops the load is an event already.
        let stops = threshold.aborted_at_second.is_some();
        if self.seconds < SECONDS_IN_A_ROW || self.events == MOST_EVENTS || stops {
            return None;
        }
        *self = Self {
            is_broken,
            seconds: 0,
            events: self.events + 1,
        };
        let kind = if is_broken {
            "threshold-broken"
        } else {
            "threshold-met"
        };
        Some(Event {
            kind: kind.to_owned(),
            who: threshold.expression.clone(),
            new_value: threshold.observed(),
            ..Event::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(known_before: u32, is_broken: bool, is_late: bool) -> LiveFigures {
        let outcome = if is_broken {
            ThresholdOutcome::Broken
        } else {
            ThresholdOutcome::Met
        };
        LiveFigures {
            known_before,
            is_late,
            lag_p99_ms: Some(7.123),
            lag_limit_ms: 5.0,
            thresholds: vec![ThresholdSummary {
                expression: "checks: rate>99%".to_owned(),
                metric: "checks".to_owned(),
                value: Some(0.5),
                unit: "share".to_owned(),
                outcome,
                samples: 2,
                window: None,
                aborted_at_second: None,
                note: String::new(),
            }],
            ..LiveFigures::default()
        }
    }

    fn kinds(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.kind.as_str()).collect()
    }

    #[test]
    fn a_threshold_is_news_when_it_stays_broken() {
        let mut live = LiveEvents::default();
        let mut told = Vec::new();
        for (second, is_broken) in [
            (1, true),
            (2, false),
            (3, true),
            (3, true),
            (4, true),
            (5, true),
            (6, false),
            (7, false),
        ] {
            let events = live.find(&figures(second, is_broken, false), 60);
            told.extend(
                events
                    .into_iter()
                    .map(|event| (event.at_ns / 1_000_000_000, event.kind, event.new_value)),
            );
        }
        let expected = [(4, "threshold-broken"), (7, "threshold-met")];
        assert_eq!(
            told,
            expected.map(|(at, kind)| (at, kind.to_owned(), "50%".to_owned()))
        );
        let flapping = (8..200).flat_map(|second| live.find(&figures(second, second % 4 < 2, false), 200));
        assert_eq!(flapping.count(), 4, "{live:?}");
    }

    #[test]
    fn a_late_generator_is_news_once_and_nothing_is_after_the_load() {
        let mut live = LiveEvents::default();
        let events = live.find(&figures(1, false, true), 60);
        assert_eq!(kinds(&events), ["generator-late"]);
        assert_eq!(events[0].new_value, "lag P99 7.12 ms, limit 5.00 ms");
        assert_eq!(live.find(&figures(2, false, true), 60), []);
        let mut ended = LiveEvents::default();
        assert_eq!(ended.find(&figures(61, true, true), 60), []);
    }
}
