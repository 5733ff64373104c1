//! The streams between agents and the scheduler. Messages take their time and keep their order; a stream of which one is lost is half
//! open: nothing more arrives on it, and nobody is told.

use std::collections::VecDeque;

use heavy_proto::v1::{from_agent, to_agent};

use crate::dice::Dice;
use crate::network::Weather;

pub(crate) type LineId = u64;

const USUAL_NS: u64 = 12_000_000;
const STORMY_NS: u64 = 250_000_000;

/// A stream.
#[derive(Debug)]
pub(crate) struct ControlLine {
    pub(crate) id: LineId,
    pub(crate) host: usize,
    /// Which of the host's agent processes has opened it.
    pub(crate) process: u32,
    /// What the scheduler calls it, from the registration to the end.
    pub(crate) stream: Option<u64>,
    pub(crate) is_cut: bool,
    /// Its agent has ended it, or is gone.
    pub(crate) is_left: bool,
    pub(crate) up: Wire<from_agent::Message>,
    pub(crate) down: Wire<to_agent::Message>,
}

/// One direction: messages with the instants at which they arrive; `None` is the end.
#[derive(Debug)]
pub(crate) struct Wire<T>(VecDeque<(u64, Option<T>)>);

/// How messages fare.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passage {
    pub(crate) now_ns: u64,
    pub(crate) weather: Weather,
    /// Until when nothing gets through.
    pub(crate) closed_until_ns: u64,
}

impl ControlLine {
    pub(crate) fn new(id: LineId, host: usize, process: u32) -> Self {
        Self {
            id,
            host,
            process,
            stream: None,
            is_cut: false,
            is_left: false,
            up: Wire(VecDeque::new()),
            down: Wire(VecDeque::new()),
        }
    }

    pub(crate) fn send_up(
        &mut self,
        message: Option<from_agent::Message>,
        passage: Passage,
        dice: &mut Dice,
    ) {
        self.is_cut |= self.up.send(message, passage, dice);
    }

    pub(crate) fn send_down(
        &mut self,
        message: Option<to_agent::Message>,
        passage: Passage,
        dice: &mut Dice,
    ) {
        self.is_cut |= self.down.send(message, passage, dice);
    }

    /// What arrives at the scheduler now.
    pub(crate) fn next_up(&mut self, now_ns: u64) -> Option<Option<from_agent::Message>> {
        let is_cut = self.is_cut;
        self.up.next(now_ns).filter(|_| !is_cut)
    }

    /// What arrives at the agent now.
    pub(crate) fn next_down(&mut self, now_ns: u64) -> Option<Option<to_agent::Message>> {
        let is_cut = self.is_cut;
        self.down.next(now_ns).filter(|_| !is_cut)
    }
}

impl<T> Wire<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the message is lost.
    fn send(&mut self, message: Option<T>, passage: Passage, dice: &mut Dice) -> bool {
        let Passage {
            now_ns,
            weather,
            closed_until_ns,
        } = passage;
        let is_closed = now_ns < closed_until_ns;
        let is_stormy = weather.loses > 0;
        if (is_closed && dice.one_in(3)) || (is_stormy && dice.one_in(4 * weather.loses)) {
            return true;
        }
        let most_ns = if is_stormy { STORMY_NS } else { USUAL_NS };
        let at_ns = now_ns.max(closed_until_ns) + dice.below(most_ns);
        let last_ns = self.0.back().map_or(0, |(at_ns, _)| *at_ns);
        self.0.push_back((at_ns.max(last_ns), message));
        false
    }

    fn next(&mut self, now_ns: u64) -> Option<Option<T>> {
        let next = self.0.pop_front_if(|(at_ns, _)| *at_ns <= now_ns);
        next.map(|(_, message)| message)
    }
}
