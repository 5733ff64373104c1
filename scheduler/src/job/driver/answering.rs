//! Clients that stop or change the job: what they get to know, and when.

use heavy_results::job::JobInfo;

use super::{JobDriver, StateWriter};
use crate::job::answers::Reply;
use crate::job::machine::acknowledged::ControlOrder;
use crate::job::machine::event::{ChangeRefused, JobEvent};
use crate::job::state_writer::StoredState;

/// A client that waits, what the agents are told for it, and the job before.
pub(super) struct Asked {
    order: ControlOrder,
    reply: Reply,
    before: JobInfo,
}

impl JobDriver {
    /// Who asks for an event, if anybody waits for its answer. `None` if the event is refused before the job hears of it.
    pub(super) fn asked(&self, event: &JobEvent, reply: Option<Reply>) -> Option<Option<Asked>> {
        let is_change = matches!(event, JobEvent::Change { .. } | JobEvent::Params { .. });
        let aggregation = self.aggregation.as_ref().filter(|_| is_change);
        if aggregation.is_some_and(|aggregation| aggregation.orders.is_behind()) {
            let why = "too many changes wait for the results database: try again later";
            if let Some(reply) = reply {
                let _ = reply.send(Err(ChangeRefused::Change(why).into()));
            }
            return None;
        }
        let asked = ControlOrder::of(event).zip(reply);
        Some(asked.map(|(order, reply)| Asked {
            order,
            reply,
            before: self.job.borrow().clone(),
        }))
    }

    /// Answers a client that has asked for something: at once if it is refused.
    pub(super) fn expect_answer(&mut self, asked: Option<Asked>, answer: Result<(), ChangeRefused>) {
        if let Some(Asked { order, reply, before }) = asked {
            match answer {
                // The client may have stopped waiting.
                Err(refused) => drop(reply.send(Err(refused.into()))),
                Ok(()) => {
                    if !self.machine.state().is_final() {
                        self.save();
                    }
                    let job = match order {
                        ControlOrder::Stop => before,
                        ControlOrder::Revision | ControlOrder::Params => self.job.borrow().clone(),
                    };
                    // Without a writer, what is to be stored is the end of the job.
                    let writer = self.writer.as_ref().filter(|_| !self.machine.state().is_final());
                    let number = writer.map_or(u64::MAX, StateWriter::number);
                    self.answers.expect(reply, order, job, (&self.machine, number));
                }
            }
        }
        self.give_answers();
    }

    /// Answers the clients that need not wait any more.
    pub(super) fn give_answers(&mut self) {
        let stored = match &self.writer {
            Some(writer) => writer.stored(),
            None => StoredState {
                number: if self.is_concluded { u64::MAX } else { 0 },
                problem: String::new(),
            },
        };
        self.answers.give(&self.machine, &stored);
    }
}
