//! Making requests and reporting them.

pub(crate) mod id;
mod pending;
mod sending;

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use url::form_urlencoded;

use crate::http::{
    ErrorKind, ExchangeFuture, HeaderMap, HeaderName, HeaderValue, Method, Request, RequestError, header,
};
use crate::response::Response;
use crate::verbs::Scope;
use id::{RequestId, identify};
use pending::Pending;
use sending::Sending;

/// A request in the making. Nothing happens before [`send`](Self::send).
///
/// ```
/// # use heavy_sdk::prelude::*;
/// # async fn run(ctx: &Context) -> Result<()> {
/// ctx.get("http://127.0.0.1:8080/search")
///     .query("q", "boots")
///     .header("accept", "application/json")
///     .name("search")
///     .expect_status(404)
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a request does nothing before it is sent"]
pub struct RequestBuilder<'a> {
    scope: Scope<'a>,
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
    timeout: Option<Duration>,
    keep_body: bool,
    report: Report,
    fault: Option<RequestError>,
}

/// What the line of a request says beyond the exchange itself.
#[derive(Debug, Default)]
pub(crate) struct Report {
    name: Option<Cow<'static, str>>,
    /// The tags as JSON members, without braces.
    tags: String,
    expected: Vec<u16>,
}

impl<'a> RequestBuilder<'a> {
    pub(crate) fn new(scope: Scope<'a>, method: Method, url: &str) -> Self {
        Self {
            scope,
            method,
            url: url.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: None,
            keep_body: true,
            report: Report::default(),
            fault: None,
        }
    }

    /// Sets a header, in place of what it was.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            (Err(_), _) => self.refuse(format!("{name:?} cannot be the name of a header")),
            // The value may be a secret.
            (_, Err(_)) => self.refuse(format!("the value given for the header {name:?} cannot be one")),
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to the JSON of `value`, and the content type.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.body = json.into(),
            Err(error) => self.refuse(format!("the value given for the body has no JSON form: {error}")),
        }
        let json = HeaderValue::from_static("application/json");
        self.headers.insert(header::CONTENT_TYPE, json);
        self
    }

    /// Sets the body to the URL-encoded form of some fields, and the content type.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(mut self, fields: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.body = form.finish().into();
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.headers.insert(header::CONTENT_TYPE, content_type);
        self
    }

    /// Adds a query parameter to the URL.
    pub fn query(mut self, key: impl AsRef<str>, value: impl Display) -> Self {
        let fragment = self.url.find('#').map(|start| self.url.split_off(start));
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        let start = self.url.len();
        let mut query = form_urlencoded::Serializer::for_suffix(self.url, start);
        query.append_pair(key.as_ref(), &value.to_string());
        self.url = query.finish();
        self.url.push_str(fragment.as_deref().unwrap_or_default());
        self
    }

    /// Sets the `authorization` header to a bearer token.
    pub fn bearer(self, token: impl Display) -> Self {
        self.header(header::AUTHORIZATION, format!("Bearer {token}"))
    }

    /// Gives the request a name: its identity in every statistic. By default that is the method and the path, in
    /// which numbers, UUIDs and hashes are replaced by `{id}`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.report.name = Some(name.into());
        self
    }

    /// Adds a tag to what is stored about this request.
    pub fn tag(mut self, key: &str, value: impl Display) -> Self {
        let tags = &mut self.report.tags;
        if !tags.is_empty() {
            tags.push(',');
        }
        tags.push_str(&json_string(key));
        tags.push(':');
        tags.push_str(&json_string(&value.to_string()));
        self
    }

    /// Says that this status is all right, so that the request does not count as failed for it; may be used more than
    /// once. It matters only for statuses of 400 and more: others are all right anyway.
    pub fn expect_status(mut self, status: u16) -> Self {
        self.report.expected.push(status);
        self
    }

    /// Sets how long the request may take, connecting and the whole body included; 30 s by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Reads and counts the body without keeping it. By default up to 4 MiB are kept for
    /// [`text`](Response::text) and [`json`](Response::json).
    pub fn discard_body(mut self) -> Self {
        self.keep_body = false;
        self
    }

    /// Sends the request, reads the answer to its end, and reports it.
    ///
    /// Redirects are not followed, and nothing is ever sent again silently. Any status is an answer.
    ///
    /// # Errors
    /// When there is no complete answer: refused, reset, timed out and so on. The request has then been reported, so
    /// `?` is all there is to do, and makes the iteration a failed one.
    pub fn send(self) -> impl Future<Output = Result<Response, RequestError>> + use<'a> {
        Sending::Asked(Some(self))
    }

    /// Hands the request to the client; without a promise of an exchange when it cannot even be made.
    fn begin(self) -> (Pending<'a>, Result<ExchangeFuture<'a>, RequestError>) {
        let ctx = self.scope.ctx;
        let target = ctx.core().client.target(&self.url);
        if let Some(fault) = self.fault {
            let (sequence_id, id) = (ctx.sequence_id(), RequestId::None);
            let pending = Pending::new(self.scope, sequence_id, id, self.method, target, self.report);
            return (pending, Err(fault));
        }
        let mut request = Request::new(self.method, target)
            .headers(self.headers)
            .body(self.body)
            .keep_body(self.keep_body);
        if let Some(limit) = self.timeout {
            request = request.timeout(limit);
        }
        let (pending, exchange) = begin(self.scope, ctx.sequence_id(), request, self.report);
        (pending, Ok(exchange))
    }

    fn refuse(&mut self, message: String) {
        self.fault
            .get_or_insert_with(|| RequestError::new(ErrorKind::Other, message));
    }
}

/// Carries a request out on the iteration's connections and reports it.
pub(crate) async fn carry_out(
    scope: Scope<'_>,
    sequence_id: &str,
    request: Request,
    report: Report,
) -> Result<Response, RequestError> {
    let (pending, exchange) = begin(scope, sequence_id, request, report);
    pending.report(exchange.await)
}

/// Hands a request to the client, which does nothing before it is awaited.
fn begin<'a>(
    scope: Scope<'a>,
    sequence_id: &'a str,
    mut request: Request,
    report: Report,
) -> (Pending<'a>, ExchangeFuture<'a>) {
    let ctx = scope.ctx;
    ctx.touch();
    if let Some(group) = ctx.group() {
        request = request.group(Some(group));
    }
    let core = ctx.core();
    let header = core.shared.options.request_id_header.as_ref();
    let id = identify(&mut request, header, core.job.traceparent.then_some(sequence_id));
    let (method, target) = (request.method().clone(), request.target().clone());
    let pending = Pending::new(scope, sequence_id, id, method, target, report);
    // The client holds the request from here on; nothing of it is held across the await.
    let exchange = core.client.execute(request);
    (pending, exchange)
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("any text is a JSON string")
}
