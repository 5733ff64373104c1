//! The connections between agents and the collector: messages that are lost, doubled and reordered while faults last.

use heavy_proto::v1::{Ack, Batch};

use crate::dice::Dice;

/// A session of one delivery.
pub(crate) type SessionId = u64;

/// What the network does to messages.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Of this many messages one is lost; 0: none.
    pub(crate) loses: u64,
    pub(crate) doubles: u64,
    pub(crate) reorders: u64,
}

/// Messages of one direction that have not arrived.
#[derive(Debug)]
pub(crate) struct Wire<T>(Vec<(SessionId, T)>);

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    pub(crate) batches: Wire<Batch>,
    pub(crate) acks: Wire<Ack>,
    /// Sessions of which something was lost: they cannot go on for ever.
    pub(crate) torn: Vec<SessionId>,
    pub(crate) counts: [u64; 3],
}

impl<T: Clone> Wire<T> {
    pub(crate) fn forget(&mut self, session: SessionId) {
        self.0.retain(|(of, _)| *of != session);
    }
}

impl Network {
    pub(crate) const fn new() -> Self {
        Self {
            weather: Weather {
                loses: 0,
                doubles: 0,
                reorders: 0,
            },
            batches: Wire(Vec::new()),
            acks: Wire(Vec::new()),
            torn: Vec::new(),
            counts: [0; 3],
        }
    }

    pub(crate) fn send_batch(&mut self, session: SessionId, batch: Batch) {
        self.batches.0.push((session, batch));
    }

    pub(crate) fn send_ack(&mut self, session: SessionId, ack: Ack) {
        self.acks.0.push((session, ack));
    }

    /// The next batch to arrive at the collector.
    pub(crate) fn batch(&mut self, dice: &mut Dice) -> Option<(SessionId, Batch)> {
        arrive(
            &mut self.batches.0,
            self.weather,
            dice,
            (&mut self.torn, &mut self.counts),
        )
    }

    /// The next acknowledgement to arrive at an agent.
    pub(crate) fn ack(&mut self, dice: &mut Dice) -> Option<(SessionId, Ack)> {
        arrive(
            &mut self.acks.0,
            self.weather,
            dice,
            (&mut self.torn, &mut self.counts),
        )
    }
}

/// Takes a message off a wire: the oldest, or another one; not if it is lost, and not for the last time if it is doubled.
fn arrive<T: Clone>(
    wire: &mut Vec<(SessionId, T)>,
    weather: Weather,
    dice: &mut Dice,
    (torn, counts): (&mut Vec<SessionId>, &mut [u64; 3]),
) -> Option<(SessionId, T)> {
    if wire.is_empty() {
        return None;
    }
    let mut happens = |one_in: u64| one_in > 0 && dice.one_in(one_in);
    let (lost, doubled, reordered) = (
        happens(weather.loses),
        happens(weather.doubles),
        happens(weather.reorders),
    );
    let place = if reordered { dice.place(wire.len()) } else { 0 };
    if lost {
        counts[0] += 1;
        let (session, _) = wire.remove(place);
        torn.push(session);
        return None;
    }
    if doubled {
        counts[1] += 1;
        return Some(wire[place].clone());
    }
    counts[2] += u64::from(place > 0);
    Some(wire.remove(place))
}
