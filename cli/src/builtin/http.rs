//! The workflow of `heavy run URL`: one request an iteration.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use heavy_sdk::http::Method;
use heavy_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpParams {
    pub(crate) url: String,
    #[serde(default = "get")]
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body; empty for none.
    #[serde(default)]
    pub(crate) body: String,
}

fn get() -> String {
    Method::GET.to_string()
}

impl HttpParams {
    /// The URL and the method, if they can be requested.
    pub(crate) fn check(&self) -> Result<Method, String> {
        let url = Url::parse(&self.url).map_err(|error| format!("invalid URL `{}`: {error}", self.url))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(format!(
                "cannot request `{}`: expected an http or https URL, such as http://127.0.0.1:8080/",
                self.url
            ));
        }
        Method::from_bytes(self.method.as_bytes())
            .map_err(|_| format!("invalid HTTP method `{}`: expected one such as POST", self.method))
    }
}

#[derive(Debug)]
struct PreparedRequest {
    method: Method,
    params: HttpParams,
}

impl PreparedRequest {
    fn new(params: HttpParams) -> Result<Self> {
        let method = params.check().map_err(Error::msg)?;
        Ok(Self { method, params })
    }
}

/// The params are read once in `init` (and when they change), not in every iteration.
#[derive(Debug, Default)]
pub(super) struct Http {
    plan: RwLock<Option<Arc<PreparedRequest>>>,
}

impl Http {
    fn plan(&self) -> Option<Arc<PreparedRequest>> {
        self.plan.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, plan: PreparedRequest) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(plan));
    }
}

impl Runner for Http {
    async fn init(&self, ctx: &Context) -> Result<()> {
        self.set(PreparedRequest::new(ctx.params()?)?);
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let plan = self.plan().context("init comes before run")?;
        let mut request = ctx.request(plan.method.clone(), &plan.params.url).discard_body();
        for (name, value) in &plan.params.headers {
            request = request.header(name, value);
        }
        if !plan.params.body.is_empty() {
            request = request.body(plan.params.body.clone());
        }
        let status = request.send().await?.status();
        ensure!(status < 400, "status {status}");
        Ok(())
    }

    fn on_params(&self, params: &serde_json::Value) -> Result<()> {
        self.set(PreparedRequest::new(HttpParams::deserialize(params)?)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_that_cannot_be_requested_say_why() {
        let params = |url: &str, method: &str| HttpParams {
            url: url.to_owned(),
            method: method.to_owned(),
            headers: BTreeMap::new(),
            body: String::new(),
        };
        assert_eq!(params("http://127.0.0.1:1/", "PUT").check(), Ok(Method::PUT));
        assert_eq!(
            params("https://example.com", "PURGE").check().unwrap().as_str(),
            "PURGE"
        );
        for (url, method, part) in [
            ("nonsense", "GET", "invalid URL"),
            ("ftp://example.com/", "GET", "http://"),
            ("http://", "GET", "invalid URL"),
            ("http://x/", "G T", "invalid HTTP method"),
            ("http://x/", "", "invalid HTTP method"),
        ] {
            let problem = params(url, method).check().unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }
}
