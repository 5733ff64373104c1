//! One stream to the scheduler, from registration until it breaks.

use std::time::Duration;

use heavy_proto::kernel::boot_id;
use heavy_proto::net::MAX_MESSAGE_BYTES;
use heavy_proto::v1;
use heavy_proto::v1::fleet_client::FleetClient;
use heavy_proto::v1::from_agent::Message as Said;
use heavy_proto::v1::to_agent::Message as Heard;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::estimate::{ClockEstimate, ClockExchange};
use super::heartbeats::{ANSWER_LIMIT, HeartbeatStep, Heartbeats};
use super::{Link, QUEUE, SessionEnd};
use crate::orders::{Assignment, AssignmentCommand, Order, Unreadable};
use heavy_process::clock;

/// How long a scheduler may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// How long a scheduler may take to hear the last updates.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

type Outbox = mpsc::Sender<v1::FromAgent>;

impl Link {
    pub(super) async fn session(&mut self) -> SessionEnd {
        let (out, receiver) = mpsc::channel(QUEUE);
        let mut registered = false;
        let broken = async {
            let mut client = self.connection().await?;
            say(&out, Said::Register(self.register()))?;
            let registered_ns = clock::boottime_ns();
            let stream = timeout(ANSWER_LIMIT, async {
                let mut stream = client.connect(ReceiverStream::new(receiver)).await?.into_inner();
                let first = stream.message().await?;
                Ok::<_, Status>((first, stream))
            });
            let (first, stream) = stream
                .await
                .map_err(|_| Status::deadline_exceeded("the scheduler did not answer the registration"))??;
            let Some(Heard::Registered(welcome)) = first.and_then(|first| first.message) else {
                return Err(Status::unavailable(
                    "the scheduler did not confirm the registration",
                ));
            };
            registered = true;
            self.lease.renew(registered_ns, clock::boottime_ns());
            self.lease.set_limit(welcome.lease_ns);
            self.one_kernel = !welcome.boot_id.is_empty() && welcome.boot_id == boot_id();
            (self.config.on_connected)(&self.config.name, &self.config.scheduler);
            for update in &self.said {
                say(&out, Said::Update(update.clone()))?;
            }
            let mut stream = stream;
            self.converse(&out, &mut stream).await?;
            Ok(stream)
        };
        match broken.await {
            Ok(mut stream) => {
                // Letting go of the answers ends the call, even if what was said last is still on its way: the
                // scheduler ends it when it has heard everything.
                drop(out);
                let flushed = async { while let Ok(Some(_)) = stream.message().await {} };
                let _ = timeout(FLUSH_LIMIT, flushed).await;
                SessionEnd::Done
            }
            Err(status) => SessionEnd::Broken(status, registered),
        }
    }

    /// A connection of the stream's own: one that is black-holed is given up with its stream.
    async fn connection(&self) -> Result<FleetClient<Channel>, Status> {
        let channel = timeout(CONNECT_LIMIT, self.endpoint.connect())
            .await
            .map_err(|_| Status::deadline_exceeded("the scheduler did not accept a connection"))?
            .map_err(|error| Status::from_error(error.into()))?;
        Ok(FleetClient::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES))
    }

    /// Heartbeats, updates and orders, until the stream breaks. `Ok` when nobody needs the link any more.
    async fn converse(&mut self, out: &Outbox, stream: &mut Streaming<v1::ToAgent>) -> Result<(), Status> {
        let mut heartbeats = Heartbeats::new(Instant::now());
        loop {
            tokio::select! {
                // What has come is heard before it is missed.
                biased;
                heard = stream.message() => match heard?.and_then(|heard| heard.message) {
                    Some(Heard::Heartbeat(reply)) => self.answered(reply, &mut heartbeats),
                    Some(heard) => match self.hear(heard) {
                        Ok(true) => {}
                        Ok(false) => return Ok(()),
                        Err(unreadable) => self.refuse(unreadable, out)?,
                    },
                    None => return Err(Status::unavailable("the scheduler ended the stream")),
                },
                update = self.updates.recv() => match update {
                    Some(said) => {
                        self.note(&said);
                        say(out, said)?;
                    }
                    None => return Ok(()),
                },
                () = sleep_until(heartbeats.due()) => {
                    match heartbeats.look(Instant::now(), clock::boottime_ns()) {
                        HeartbeatStep::Send(sequence) => say(out, Said::Heartbeat(self.heartbeat(sequence)))?,
                        HeartbeatStep::GiveUp => return Err(silent()),
                        HeartbeatStep::Wait => {}
                    }
                }
            }
        }
    }

    /// Takes the answer to a heartbeat.
    fn answered(&mut self, reply: v1::HeartbeatReply, heartbeats: &mut Heartbeats) {
        self.estimates.add(ClockExchange {
            sent_ns: reply.sent_monotonic_ns,
            received_wall_ns: reply.received_wall_ns,
            replied_wall_ns: reply.replied_wall_ns,
            came_ns: clock::monotonic_ns(),
        });
        if let Some(sent_ns) = heartbeats.answered(reply.sequence) {
            self.lease.renew(sent_ns, clock::boottime_ns());
        }
        self.clock.send_replace(self.best_estimate());
    }

    /// Takes a message; false when nobody takes orders any more.
    fn hear(&mut self, heard: Heard) -> Result<bool, Unreadable> {
        let order = match heard {
            Heard::Registered(lease) => {
                self.lease.set_limit(lease.lease_ns);
                return Ok(true);
            }
            // Taken before.
            Heard::Heartbeat(_) => return Ok(true),
            Heard::Assign(assign) => Order::Assign(Box::new(Assignment::parse(assign)?)),
            Heard::Start(start) => {
                let wall_ns = start.start_wall_ns;
                Order::Command(start.job, AssignmentCommand::Start { wall_ns })
            }
            Heard::Stop(v1::Stop {
                job,
                grace_ns,
                end_ns,
            }) => Order::Command(job, AssignmentCommand::Stop { grace_ns, end_ns }),
            Heard::Revise(revise) => Order::revise(revise)?,
            Heard::Split(v1::Split { job, agents }) => {
                Order::Command(job, AssignmentCommand::Split { agents })
            }
            Heard::Params(params) => Order::params(params),
        };
        Ok(match self.orders.try_send(order) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(order)) => {
                tracing::error!(?order, "too many orders at once: the agent drops this one");
                true
            }
        })
    }

    /// Tells the scheduler that an order cannot be read, where it waits for an answer.
    fn refuse(&mut self, unreadable: Unreadable, out: &Outbox) -> Result<(), Status> {
        let Unreadable { job, problem, answer } = unreadable;
        tracing::error!(job, problem, "cannot read an order from the scheduler");
        match answer {
            Some(said) => {
                self.note(&said);
                say(out, *said)
            }
            None => Ok(()),
        }
    }

    fn best_estimate(&self) -> Option<ClockEstimate> {
        if !self.one_kernel {
            return self.estimates.best();
        }
        let (wall_minus_monotonic_ns, error_ns) = clock::wall_minus_monotonic_ns();
        self.estimates.best_on_one_kernel(ClockEstimate {
            wall_minus_monotonic_ns,
            error_ns,
        })
    }

    fn heartbeat(&self, sequence: u64) -> v1::Heartbeat {
        let best = self.best_estimate();
        let now_ns = clock::monotonic_ns();
        v1::Heartbeat {
            sequence,
            sent_monotonic_ns: now_ns,
            clock_offset_ns: best.map_or(0, |best| best.offset_ns(now_ns, clock::wall_ns())),
            clock_error_ns: best.map_or(0, |best| best.error_ns),
            backlogs: self.backlogs.list(),
        }
    }
}

fn silent() -> Status {
    Status::deadline_exceeded(format!(
        "the scheduler has not answered for {} s",
        ANSWER_LIMIT.as_secs()
    ))
}

fn say(out: &Outbox, said: Said) -> Result<(), Status> {
    out.try_send(v1::FromAgent { message: Some(said) })
        .map_err(|_| Status::unavailable("the stream to the scheduler is stuck"))
}
