//! An HTTP client on reqwest, for what the engine leaves out: cookies, redirects, decompression, proxies, multipart forms.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::io;

use reqwest::{ClientBuilder, Url, redirect, retry};

use super::clock::monotonic_ns;
use super::config::EngineConfig;
use super::error::{ErrorKind, RequestError, chain};
use super::exchange::{Exchange, Received};
use super::phases::{Phase, PhaseClock};
use super::request::Request;
use super::target::Parsed;
use super::tls::HttpVersion;
use super::{ExchangeFuture, HttpClient};

type Customise = Box<dyn Fn(ClientBuilder) -> ClientBuilder>;

/// An [`HttpClient`] on reqwest.
///
/// Reqwest exposes neither when a connection was ready nor when the request was written: the phase `wait` is everything up
/// to the response head, `receive` the body, and the other phases are 0. `reused` is always false. The connection limits
/// of the [`EngineConfig`] do not apply.
///
/// Retries, proxies, redirects, cookies and decompression are off unless the builder enables them, so that by default one
/// request is one exchange and `size` counts the bytes on the wire.
///
/// ```
/// use heavy_sdk::http::{EngineConfig, ReqwestClient, reqwest};
/// # use heavy_sdk::prelude::*;
/// # async fn run(ctx: &Context) -> Result<()> {
/// let client = ReqwestClient::customised(EngineConfig::default(), |builder| builder.cookie_store(true).gzip(true))?;
/// let url = "http://127.0.0.1:8080/upload";
/// let form = reqwest::multipart::Form::new().text("title", "boots");
/// let request = client.client().post(url).multipart(form).build()?;
/// let sample = ctx.sample("HTTP", "upload").method("POST").url(url);
/// let response = sample.answer(client.measure(request, true).await)?;
/// # let _ = response; Ok(())
/// # }
/// ```
pub struct ReqwestClient {
    config: EngineConfig,
    customise: Customise,
    shared: reqwest::Client,
    groups: RefCell<HashMap<u64, reqwest::Client>>,
}

/// Why reqwest cannot create a client.
#[derive(Debug, thiserror::Error)]
#[error("reqwest rejects these settings")]
pub struct ReqwestClientError(#[from] reqwest::Error);

impl ReqwestClient {
    /// A client with these settings.
    ///
    /// # Errors
    /// If reqwest rejects the settings.
    pub fn new(config: EngineConfig) -> Result<Self, ReqwestClientError> {
        Self::customised(config, |builder| builder)
    }

    /// A client whose builder `customise` changes: `|builder| builder.cookie_store(true)`. It is called again for each group
    /// of connections, so that groups share neither connections nor cookies.
    ///
    /// # Errors
    /// If reqwest rejects the settings.
    pub fn customised(
        config: EngineConfig,
        customise: impl Fn(ClientBuilder) -> ClientBuilder + 'static,
    ) -> Result<Self, ReqwestClientError> {
        let shared = customise(builder(&config)).build()?;
        Ok(Self {
            config,
            customise: Box::new(customise),
            shared,
            groups: RefCell::default(),
        })
    }

    /// The client of requests without a group. Use it to build requests that [`Request`] cannot express.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.shared
    }

    /// Sends and measures a request that reqwest built, such as a multipart form.
    /// [`Sample::answer`](crate::Sample::answer) reports the exchange.
    pub async fn measure(&self, request: reqwest::Request, keep_body: bool) -> Exchange {
        self.exchange(&self.shared, request, keep_body, monotonic_ns())
            .await
    }

    async fn carry_out(&self, request: Request, started_ns: u64) -> Exchange {
        let built = match request.target.parsed() {
            Ok(parsed) => self
                .group_client(request.group)
                .and_then(|client| Ok((client, build(&request, parsed)?))),
            Err(reason) => Err(RequestError::new(ErrorKind::InvalidUrl, reason)),
        };
        match built {
            Ok((client, built)) => self.exchange(&client, built, request.keep_body, started_ns).await,
            Err(error) => Exchange::failed(&PhaseClock::new(started_ns), error),
        }
    }

    fn group_client(&self, group: Option<u64>) -> Result<reqwest::Client, RequestError> {
        let Some(group) = group else {
            return Ok(self.shared.clone());
        };
        if let Some(client) = self.groups.borrow().get(&group) {
            return Ok(client.clone());
        }
        let client = (self.customise)(builder(&self.config))
            .build()
            .map_err(|error| RequestError::new(ErrorKind::Other, chain(&error)))?;
        self.groups.borrow_mut().insert(group, client.clone());
        Ok(client)
    }

    async fn exchange(
        &self,
        client: &reqwest::Client,
        request: reqwest::Request,
        keep_body: bool,
        started_ns: u64,
    ) -> Exchange {
        let mut clock = PhaseClock::new(started_ns);
        let mut answer = Received::new(if keep_body {
            self.config.max_kept_body_bytes
        } else {
            0
        });
        let mut head = None;
        let mut remote_addr = None;
        let error = match client.execute(request).await {
            Ok(mut response) => {
                clock.advance(Phase::Wait, monotonic_ns());
                remote_addr = response.remote_addr();
                head = Some((
                    response.status(),
                    response.version(),
                    std::mem::take(response.headers_mut()),
                ));
                loop {
                    match response.chunk().await {
                        Ok(Some(data)) => answer.push(data),
                        Ok(None) => break None,
                        Err(error) => break Some(classify(&error, true)),
                    }
                }
            }
            Err(error) => Some(classify(&error, false)),
        };
        clock.advance(
            if head.is_some() {
                Phase::Receive
            } else {
                Phase::Wait
            },
            monotonic_ns(),
        );
        let mut exchange = Exchange::empty(&clock);
        answer.fill(&mut exchange);
        if let Some((status, version, headers)) = head {
            exchange.status = status.as_u16();
            exchange.version = version;
            exchange.headers = headers;
        }
        exchange.remote_addr = remote_addr.map(|peer| peer.to_string().into());
        exchange.error = error;
        exchange
    }
}

impl HttpClient for ReqwestClient {
    fn execute(&self, request: Request) -> ExchangeFuture<'_> {
        Box::pin(self.carry_out(request, monotonic_ns()))
    }

    fn close_group(&self, group: u64) {
        self.groups.borrow_mut().remove(&group);
    }
}

impl fmt::Debug for ReqwestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestClient")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn builder(config: &EngineConfig) -> ClientBuilder {
    let tls = config.tls.client_config(config.http_version);
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured((*tls).clone())
        .retry(retry::never())
        .no_proxy()
        .no_gzip()
        .redirect(redirect::Policy::none())
        .tcp_nodelay(true)
        .timeout(config.request_timeout)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(config.idle_timeout)
        .pool_max_idle_per_host(if config.keep_alive {
            config.max_connections
        } else {
            0
        })
        .user_agent(config.user_agent.clone());
    match config.http_version {
        HttpVersion::Auto => builder,
        HttpVersion::Http1 => builder.http1_only(),
        HttpVersion::Http2 => builder.http2_prior_knowledge(),
    }
}

fn build(request: &Request, parsed: &Parsed) -> Result<reqwest::Request, RequestError> {
    let url = Url::parse(&parsed.absolute.to_string())
        .map_err(|error| RequestError::new(ErrorKind::InvalidUrl, error.to_string()))?;
    let mut built = reqwest::Request::new(request.method.clone(), url);
    *built.headers_mut() = request.headers.clone();
    if let Some(authorization) = &parsed.authorization {
        built
            .headers_mut()
            .entry(http::header::AUTHORIZATION)
            .or_insert_with(|| authorization.clone());
    }
    if !request.body.is_empty() {
        *built.body_mut() = Some(request.body.clone().into());
    }
    *built.timeout_mut() = request.timeout;
    Ok(built)
}

/// The kind of reqwest's error, by the causes under it.
fn classify(error: &reqwest::Error, in_body: bool) -> RequestError {
    let text = chain(error);
    if error.is_timeout() {
        return RequestError::new(ErrorKind::Timeout, text);
    }
    if error.is_dns() {
        return RequestError::new(ErrorKind::Dns, text);
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(hyper) = current.downcast_ref::<hyper::Error>() {
            return RequestError::from_hyper(hyper, in_body);
        }
        if current.is::<rustls::Error>() {
            return RequestError::new(ErrorKind::Tls, text);
        }
        // An I/O error made of another error does not name it as its source.
        cause = match current.downcast_ref::<io::Error>() {
            Some(io) => match io.get_ref() {
                Some(inner) => Some(inner),
                None => return RequestError::from_io(io, ErrorKind::Connect, "connecting"),
            },
            None => current.source(),
        };
    }
    let kind = if error.is_connect() {
        ErrorKind::Connect
    } else if in_body || error.is_body() || error.is_decode() {
        ErrorKind::Body
    } else if error.is_builder() {
        ErrorKind::InvalidUrl
    } else {
        ErrorKind::Other
    };
    RequestError::new(kind, text)
}
