//! One exchange on an HTTP/1 connection.
//!
//! Hyper's connection is polled inside the request's own future instead of in a task of its own: a request then costs
//! one wake-up, when the answer is there, and not four between two tasks. Hence a connection that is idle is not
//! polled at all; that it was closed meanwhile shows when it is used next, before anything is written, or in the
//! pool's sweep.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::{ErrorKind, RequestError};
use super::exchange::Received;
use super::permit::Permit;
use super::phases::PhaseClock;
use super::stamp::Stamps;
use super::wire::{ExchangeEnd, Io, Message, RequestBody, SendResult, not_answered};

pub(crate) struct H1Connection {
    sender: http1::SendRequest<RequestBody>,
    driver: Box<http1::Connection<Io, RequestBody>>,
    driver_done: bool,
    pub(crate) stamps: Rc<Stamps>,
    /// Kept from request to request: moving a timer to a later instant is cheaper than making one.
    timer: Pin<Box<Sleep>>,
    idle_since_ns: u64,
    _permit: Permit,
}

impl H1Connection {
    pub(crate) fn new(
        sender: http1::SendRequest<RequestBody>,
        driver: Box<http1::Connection<Io, RequestBody>>,
        stamps: Rc<Stamps>,
        permit: Permit,
    ) -> Self {
        Self {
            sender,
            driver,
            driver_done: false,
            stamps,
            timer: Box::pin(sleep_until(Instant::now())),
            idle_since_ns: super::clock::monotonic_ns(),
            _permit: permit,
        }
    }

    /// Whether it is known to be of no more use, without looking at the socket.
    pub(crate) fn is_stale(&self, now_ns: u64, idle_ns: u64) -> bool {
        self.sender.is_closed() || now_ns.saturating_sub(self.idle_since_ns) > idle_ns
    }

    /// Whether it is of no more use, after a look at the socket.
    pub(crate) fn is_over(&mut self, now_ns: u64, idle_ns: u64) -> bool {
        self.poll_driver(&mut Context::from_waker(Waker::noop())) || self.is_stale(now_ns, idle_ns)
    }

    /// Ends an exchange: whether the connection can serve another. The wakers of the request that is over are let go.
    pub(crate) fn rest(&mut self, now_ns: u64) -> bool {
        self.idle_since_ns = now_ns;
        !self.poll_driver(&mut Context::from_waker(Waker::noop())) && self.sender.is_ready()
    }

    /// Counts the last exchange, which ended at `ended_ns`, to its phases.
    pub(crate) fn stamp(&self, clock: &mut PhaseClock, ended_ns: u64) {
        clock.advance_exchange(
            self.stamps.written_ns.get(),
            self.stamps.first_read_ns.get(),
            ended_ns,
        );
    }

    fn poll_driver(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.driver_done {
            self.driver_done = Pin::new(&mut *self.driver).poll(cx).is_ready();
        }
        self.driver_done
    }

    /// Gives `message` to hyper, which writes it when [`Self::finish`] is awaited.
    ///
    /// The response is apart from that future, so that the awaiting task holds room for it once.
    pub(crate) fn begin(
        &mut self,
        message: Message,
        deadline: Instant,
    ) -> impl Future<Output = SendResult> + use<> {
        self.stamps.begin();
        self.timer.as_mut().reset(deadline);
        // Not held up by tokio's budget, which would wake nobody: see below.
        unconstrained(self.sender.try_send_request(message))
    }

    /// Reads the answer to its end, or to the deadline.
    pub(crate) async fn finish(
        &mut self,
        mut response: Pin<&mut impl Future<Output = SendResult>>,
        answer: &mut Received,
    ) -> ExchangeEnd {
        // Everything that can move the response or its body is done by the driver, in this very function. So only the
        // driver gets the real waker; the rest is asked again after every step of it, and must not be held up by
        // tokio's budget, which would wake nobody.
        let mut body: Option<Incoming> = None;
        let outcome = poll_fn(|cx| {
            let mut idle = Context::from_waker(Waker::noop());
            loop {
                let gone = self.poll_driver(cx);
                let mut moved = false;
                if body.is_none()
                    && let Poll::Ready(head) = response.as_mut().poll(&mut idle)
                {
                    match head {
                        Ok(response) => {
                            let (head, incoming) = response.into_parts();
                            answer.head = Some(head);
                            body = Some(incoming);
                            moved = true;
                        }
                        Err(error) => return Poll::Ready(not_answered(error)),
                    }
                }
                if let Some(body) = &mut body {
                    let before = answer.size;
                    if let Poll::Ready(outcome) = read(body, &mut idle, answer) {
                        return Poll::Ready(outcome);
                    }
                    moved |= answer.size > before;
                }
                if !moved {
                    if gone {
                        let error = "the peer closed the connection before it answered";
                        return Poll::Ready(ExchangeEnd::Failed(RequestError::new(ErrorKind::Closed, error)));
                    }
                    break;
                }
            }
            let timer = pin!(unconstrained(self.timer.as_mut()));
            timer.poll(cx).map(|()| ExchangeEnd::TimedOut)
        })
        .await;
        if !matches!(outcome, ExchangeEnd::NotSent(_)) {
            self.stamps.served.set(true);
        }
        outcome
    }
}

/// Takes what has arrived of the body.
fn read(body: &mut Incoming, cx: &mut Context<'_>, answer: &mut Received) -> Poll<ExchangeEnd> {
    while let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
        match frame {
            None => return Poll::Ready(ExchangeEnd::Complete),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    answer.push(data);
                }
            }
            Some(Err(error)) => {
                return Poll::Ready(ExchangeEnd::Failed(RequestError::from_hyper(&error, true)));
            }
        }
    }
    Poll::Pending
}
