//! A request and the redirects that it follows, each reported.

use bytes::Bytes;

use super::RequestBuilder;
use super::cookies::keep_cookies;
use crate::http::{Exchange, RequestError};
use crate::redirect::Redirects;
use crate::response::Response;

/// Sends the request, and then those that its answers redirect to. The last answer counts.
pub(super) async fn follow(mut builder: RequestBuilder<'_>) -> Result<Response, RequestError> {
    let inner = builder.scope.inner;
    let mut redirects = Redirects::new(builder.follow);
    loop {
        let mut next = builder.clone();
        let sent_cookies = inner.user.cookies.borrow().version();
        let (measuring, exchange) = builder.begin();
        let mut exchange = match exchange {
            Ok(exchange) => exchange.await,
            Err(fault) => Exchange::refused(fault),
        };
        keep_cookies(&measuring, &exchange);
        let cookies = inner.user.cookies.borrow().version();
        let target = measuring.subject.target.clone();
        let request = (&next.method, &target, &next.headers);
        match redirects.next(request, &exchange, sent_cookies, cookies) {
            Ok(Some(hop)) => {
                measuring.answer(exchange)?;
                next.method = hop.method;
                next.url = hop.target.url().to_owned();
                next.headers = hop.headers;
                next.labels.name = None;
                if !hop.keeps_body {
                    next.body = Bytes::new();
                }
                builder = next;
            }
            Ok(None) => return measuring.answer(exchange),
            Err(error) => {
                exchange.error = Some(error);
                return measuring.answer(exchange);
            }
        }
    }
}
