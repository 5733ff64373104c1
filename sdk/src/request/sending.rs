//! The future of a request: made when it is first polled, reported when its exchange is over.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::cookies::keep_cookies;
use super::following::follow;
use super::{Asked, RequestBuilder};
use crate::http::{Exchange, ExchangeFuture, RequestError};
use crate::measuring::Measuring;
use crate::response::Response;

/// A request on its way. By hand, because an async function holds room for the builder twice, and for what it becomes
/// once more, in the task of every iteration.
pub(super) enum Sending<'a> {
    /// Not begun; taken out to begin it.
    Asked(Option<RequestBuilder<'a>>),
    /// Under way; taken out to report it.
    UnderWay(Option<Measuring<'a, Asked>>, ExchangeFuture<'a>),
    /// Under way, with the redirects that it follows.
    Following(Pin<Box<dyn Future<Output = Result<Response, RequestError>> + 'a>>),
}

impl Future for Sending<'_> {
    type Output = Result<Response, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Self::Asked(builder) = &mut *self {
            let builder = builder
                .take()
                .expect("a request is not polled again after it is over");
            if builder.follow > 0 {
                *self = Self::Following(Box::pin(follow(builder)));
                return self.poll(cx);
            }
            match builder.begin() {
                (measuring, Ok(exchange)) => *self = Self::UnderWay(Some(measuring), exchange),
                (measuring, Err(fault)) => return Poll::Ready(measuring.answer(Exchange::refused(fault))),
            }
        }
        let (measuring, exchange) = match &mut *self {
            Self::UnderWay(measuring, exchange) => (measuring, exchange),
            Self::Following(following) => return following.as_mut().poll(cx),
            Self::Asked(_) => unreachable!("it was begun above"),
        };
        let exchange = ready!(exchange.as_mut().poll(cx));
        let measuring = measuring
            .take()
            .expect("a request is not polled again after it is over");
        keep_cookies(&measuring, &exchange);
        Poll::Ready(measuring.answer(exchange))
    }
}
