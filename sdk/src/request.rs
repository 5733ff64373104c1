//! Making requests and reporting them.

pub(crate) mod cookies;
mod following;
mod sending;

use std::borrow::Cow;
use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use heavy_plugin::line::RequestLine;
use serde::Serialize;
use url::form_urlencoded;

use crate::http::{
    ErrorKind, ExchangeFuture, HeaderMap, HeaderName, HeaderValue, Method, Request, RequestError, Target,
    header,
};
use crate::measuring::{Measuring, SampleLabels, Subject};
use crate::request_id::{RequestId, identify};
use crate::response::Response;
use crate::scope::Scope;
use cookies::{attach_cookies, keep_cookies};
use sending::Sending;

/// A request that is being built. [`send`](Self::send) sends it.
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
#[derive(Debug, Clone)]
#[must_use = "a request does nothing before it is sent"]
pub struct RequestBuilder<'a> {
    scope: Scope<'a>,
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
    timeout: Option<Duration>,
    keep_body: bool,
    /// How many redirects to follow.
    follow: u32,
    labels: SampleLabels,
    fault: Option<RequestError>,
}

/// A request that the SDK's own client carries out.
#[derive(Debug)]
struct Asked {
    method: Method,
    target: Target,
    default_name: Option<Rc<str>>,
    id: RequestId,
    labels: SampleLabels,
}

impl Asked {
    fn new(scope: &Scope<'_>, method: Method, target: Target, id: RequestId, labels: SampleLabels) -> Self {
        let default_name = match labels.name {
            Some(_) => None,
            None => Some(
                scope
                    .inner
                    .resources
                    .names
                    .borrow_mut()
                    .get(&method, target.url()),
            ),
        };
        Self {
            method,
            target,
            default_name,
            id,
            labels,
        }
    }
}

impl Subject for Asked {
    #[inline]
    fn line(&self, _: u64) -> RequestLine<'_> {
        let name = self.labels.name.as_deref().or(self.default_name.as_deref());
        RequestLine {
            url: self.target.url().into(),
            method: self.method.as_str().into(),
            name: name.unwrap_or_default().into(),
            request_id: self.id.as_str().into(),
            ..RequestLine::default()
        }
    }

    fn labels(&self) -> &SampleLabels {
        &self.labels
    }

    fn request_id(&self) -> RequestId {
        self.id.clone()
    }
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
            follow: 0,
            labels: SampleLabels::default(),
            fault: None,
        }
    }

    /// Sets a header. It replaces earlier values.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        if let Some((name, value)) = self.valid(name.as_ref(), value.as_ref()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds a value of a header, besides those that it has.
    pub fn add_header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        if let Some((name, value)) = self.valid(name.as_ref(), value.as_ref()) {
            self.headers.append(name, value);
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
            Err(error) => self.refuse(format!("cannot write the body as JSON: {error}")),
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

    /// Sets the request's name, which all statistics are grouped by. It defaults to the method and the path, with numbers,
    /// UUIDs and hashes replaced by `{id}`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.labels.name = Some(name.into());
        self
    }

    /// Adds a tag to the stored request.
    pub fn tag(mut self, key: &str, value: impl Display) -> Self {
        self.labels.tags.add(key, value);
        self
    }

    /// Allows a status of 400 or more: the request does not count as failed because of it. May be called more than once.
    pub fn expect_status(mut self, status: u16) -> Self {
        self.labels.expected.push(status);
        self
    }

    /// Sets the timeout of the request, connecting and the whole body included. The default is 30 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Reads and counts the body without keeping it. By default heavy keeps up to 4 MiB for [`text`](Response::text) and
    /// [`json`](Response::json).
    pub fn discard_body(mut self) -> Self {
        self.keep_body = false;
        self
    }

    /// Follows at most `limit` redirects: 301, 302, 303, 307 and 308 with a `location`. By default none is followed.
    ///
    /// Every hop is a request of its own in the results, and the response is that of the last. Hops are named by their own
    /// method and path, whatever this request is called, and each has the whole timeout. As in browsers, a POST that is answered
    /// with 301 or 302 continues as a GET, as does any method but HEAD after 303; `authorization`, `cookie` and `host` are not
    /// sent to another origin. More redirects, redirects in a circle and an invalid `location` fail the request, with the error
    /// kinds `redirects`, `redirect-loop` and `location`.
    pub fn follow(mut self, limit: u32) -> Self {
        self.follow = limit;
        self
    }

    /// Sends the request, reads the response to its end, and reports it.
    ///
    /// Any status is a response. heavy follows redirects only on request ([`follow`](Self::follow)), and never sends anything
    /// twice.
    ///
    /// # Errors
    /// If there is no complete response: refused, reset, timed out and so on. The request is then already reported, so `?`
    /// is enough; it fails the iteration.
    pub fn send(self) -> impl Future<Output = Result<Response, RequestError>> + use<'a> {
        Sending::Asked(Some(self))
    }

    /// Hands the request to the client; without a promise of an exchange when it cannot even be made.
    fn begin(self) -> (Measuring<'a, Asked>, Result<ExchangeFuture<'a>, RequestError>) {
        let inner = self.scope.inner;
        let sequence_id = inner.sequence_id.as_str();
        let target = inner.resources.client.target(&self.url);
        if let Some(fault) = self.fault {
            let asked = Asked::new(&self.scope, self.method, target, RequestId::None, self.labels);
            return (Measuring::start(self.scope, sequence_id, asked), Err(fault));
        }
        let mut request = Request::new(self.method, target)
            .headers(self.headers)
            .body(self.body)
            .keep_body(self.keep_body);
        if let Some(limit) = self.timeout {
            request = request.timeout(limit);
        }
        let (measuring, exchange) = begin(self.scope, sequence_id, request, self.labels);
        (measuring, Ok(exchange))
    }

    /// A header, if it is valid; the value may be a secret.
    fn valid(&mut self, name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => return Some((name, value)),
            (Err(_), _) => self.refuse(format!("invalid header name {name:?}")),
            (_, Err(_)) => self.refuse(format!("invalid value for the header {name:?}")),
        }
        None
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
) -> Result<Response, RequestError> {
    let (measuring, exchange) = begin(scope, sequence_id, request, SampleLabels::default());
    let exchange = exchange.await;
    keep_cookies(&measuring, &exchange);
    measuring.answer(exchange)
}

/// Hands a request to the client, which does nothing before it is awaited.
fn begin<'a>(
    scope: Scope<'a>,
    sequence_id: &'a str,
    mut request: Request,
    labels: SampleLabels,
) -> (Measuring<'a, Asked>, ExchangeFuture<'a>) {
    let inner = scope.inner;
    inner.touch();
    if let Some(group) = inner.group {
        request = request.group(Some(group));
    }
    let resources = &inner.resources;
    attach_cookies(inner, &mut request);
    let header = resources.request_id_header.as_ref();
    let id = identify(
        &mut request,
        header,
        resources.job.traceparent.then_some(sequence_id),
    );
    let (method, target) = (request.method().clone(), request.target().clone());
    let asked = Asked::new(&scope, method, target, id, labels);
    let mut measuring = Measuring::start(scope, sequence_id, asked);
    if let Some(observer) = &resources.observer {
        let number = observer.next_number();
        measuring.observe(&request, number);
        request = request.keep_body(true);
    }
    // The client holds the request from here on; nothing of it is held across the await.
    let exchange = resources.client.execute(request);
    (measuring, exchange)
}
