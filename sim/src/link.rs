//! An agent's end of its stream to the scheduler, as `agent/src/link` keeps it, in times that suit short leases: it registers, sends
//! heartbeats, gives up a stream without answers, and repeats its newest reports on the next one.

use std::collections::VecDeque;

use heavy_proto::v1::{AssignmentState, AssignmentUpdate, Backlog, Heartbeat, Register, from_agent};

use crate::control::LineId;

const BEAT_NS: u64 = 200_000_000;
const ANSWER_LIMIT_NS: u64 = 500_000_000;
const PAUSE_NS: u64 = 100_000_000;
/// Who looks this late was frozen, and cannot tell what was answered meanwhile.
const FROZEN_NS: u64 = 300_000_000;

/// What stands for the registration among heartbeats.
pub(crate) const REGISTRATION: u64 = 0;

#[derive(Debug, Default)]
pub(crate) struct AgentLink {
    pub(crate) line: Option<LineId>,
    pub(crate) is_registered: bool,
    looked_ns: u64,
    opens_ns: u64,
    beats_ns: u64,
    beats: u64,
    /// Number, instant, and instant on the boot's clock of what was sent.
    unanswered: VecDeque<(u64, u64, u64)>,
    /// The newest report of each assignment.
    said: Vec<AssignmentUpdate>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkStep {
    Wait,
    Open,
    Beat(u64),
    GiveUp,
}

impl AgentLink {
    pub(crate) fn look(&mut self, now_ns: u64, boot_ns: u64) -> LinkStep {
        if now_ns > self.looked_ns + FROZEN_NS {
            self.unanswered
                .iter_mut()
                .for_each(|(_, at_ns, _)| *at_ns = now_ns);
        }
        self.looked_ns = now_ns;
        if self.line.is_none() {
            return if now_ns >= self.opens_ns {
                LinkStep::Open
            } else {
                LinkStep::Wait
            };
        }
        let oldest = self.unanswered.front();
        if oldest.is_some_and(|(_, at_ns, _)| now_ns >= at_ns + ANSWER_LIMIT_NS) {
            return LinkStep::GiveUp;
        }
        if !self.is_registered || now_ns < self.beats_ns {
            return LinkStep::Wait;
        }
        self.beats += 1;
        self.beats_ns = now_ns + BEAT_NS;
        self.unanswered.push_back((self.beats, now_ns, boot_ns));
        LinkStep::Beat(self.beats)
    }

    /// Opens a stream; what it says first.
    pub(crate) fn open(
        &mut self,
        line: LineId,
        (now_ns, boot_ns): (u64, u64),
        (name, instance): (&str, String),
    ) -> from_agent::Message {
        self.line = Some(line);
        self.unanswered.push_back((REGISTRATION, now_ns, boot_ns));
        let held = self.said.iter().filter(|update| !is_over(update.state()));
        let (jobs, epochs) = held.map(|update| (update.job.clone(), update.epoch)).unzip();
        from_agent::Message::Register(Register {
            name: name.to_owned(),
            instance,
            jobs,
            epochs,
            ..Register::default()
        })
    }

    /// The stream is gone.
    pub(crate) fn broke(&mut self, now_ns: u64) {
        (self.line, self.is_registered) = (None, false);
        self.unanswered.clear();
        self.opens_ns = now_ns + PAUSE_NS;
    }

    /// An answer arrives: when what it answers was sent, on the boot's clock. `None` if something later was answered before.
    pub(crate) fn answered(&mut self, number: u64) -> Option<u64> {
        let place = self.unanswered.iter().position(|(sent, ..)| *sent == number)?;
        self.unanswered
            .drain(..=place)
            .next_back()
            .map(|(.., boot_ns)| boot_ns)
    }

    /// Remembers a report instead of the earlier one of its assignment.
    pub(crate) fn note(&mut self, update: &AssignmentUpdate) {
        self.said
            .retain(|said| (&said.job, said.epoch) != (&update.job, update.epoch));
        self.said.push(update.clone());
    }

    /// What is repeated on a new stream.
    pub(crate) fn said(&self) -> Vec<from_agent::Message> {
        let said = self.said.iter().cloned();
        said.map(from_agent::Message::Update).collect()
    }
}

pub(crate) fn beat(sequence: u64, backlogs: Vec<Backlog>) -> from_agent::Message {
    from_agent::Message::Heartbeat(Heartbeat {
        sequence,
        backlogs,
        ..Heartbeat::default()
    })
}

pub(crate) fn update(job: &str, epoch: u32, state: AssignmentState) -> from_agent::Message {
    let mut update = AssignmentUpdate {
        job: job.to_owned(),
        epoch,
        ..AssignmentUpdate::default()
    };
    update.set_state(state);
    if state == AssignmentState::Failed {
        "simulated".clone_into(&mut update.failure_kind);
    }
    from_agent::Message::Update(update)
}

/// Whether nothing of the assignment's load is left.
fn is_over(state: AssignmentState) -> bool {
    matches!(
        state,
        AssignmentState::Delivering | AssignmentState::Finished | AssignmentState::Failed
    )
}
