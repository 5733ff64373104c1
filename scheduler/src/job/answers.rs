//! Answers to clients that stop or change a job: given when its agents have acknowledged and its state is stored, or after a
//! moment. They say what is reached by then.

use std::time::Duration;

use heavy_api::document::ControlledJob;
use heavy_results::job::JobInfo;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::error::Error;
use super::machine::JobMachine;
use super::machine::acknowledged::ControlOrder;
use super::state_writer::StoredState;

/// What has not been acknowledged or stored by then is said to be so.
const LIMIT: Duration = Duration::from_millis(800);
/// Clients that wait at once; others are answered at once.
const MOST: usize = 1024;

/// Where the answer to a client goes.
pub(crate) type Reply = oneshot::Sender<Result<ControlledJob, Error>>;

/// A client that waits for its answer.
#[derive(Debug)]
struct WaitingClient {
    reply: Reply,
    order: ControlOrder,
    job: JobInfo,
    /// How many agents were told.
    agents: usize,
    /// The number of the state that is to be stored.
    number: u64,
    until: Instant,
}

impl WaitingClient {
    fn answer(&self, machine: &JobMachine, stored: &StoredState) -> ControlledJob {
        let is_stored = stored.number >= self.number;
        ControlledJob {
            job: self.job.clone(),
            agents: u32::try_from(self.agents).unwrap_or(u32::MAX),
            unacknowledged: machine.unacknowledged(self.order),
            is_stored,
            problem: if is_stored {
                String::new()
            } else {
                stored.problem.clone()
            },
        }
    }
}

/// The clients of one job that wait for answers.
#[derive(Debug, Default)]
pub(crate) struct Answers(Vec<WaitingClient>);

impl Answers {
    /// Answers a client later: with this job, once `number` is stored and what the agents were just told is acknowledged.
    pub(crate) fn expect(
        &mut self,
        reply: Reply,
        order: ControlOrder,
        job: JobInfo,
        (machine, number): (&JobMachine, u64),
    ) {
        let limit = if self.0.len() < MOST {
            LIMIT
        } else {
            Duration::ZERO
        };
        self.0.push(WaitingClient {
            reply,
            order,
            job,
            agents: machine.unacknowledged(order).len(),
            number,
            until: Instant::now() + limit,
        });
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Answers those who need not wait any more.
    pub(crate) fn give(&mut self, machine: &JobMachine, stored: &StoredState) {
        let now = Instant::now();
        for waiting in std::mem::take(&mut self.0) {
            let answer = waiting.answer(machine, stored);
            if (answer.is_stored && answer.unacknowledged.is_empty()) || now >= waiting.until {
                // The client may have stopped waiting.
                let _ = waiting.reply.send(Ok(answer));
            } else {
                self.0.push(waiting);
            }
        }
    }
}
