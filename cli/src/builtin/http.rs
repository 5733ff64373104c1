//! The workflow of `heavy run URL`: one request an iteration.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use heavy_sdk::http::{Bytes, Method};
use heavy_sdk::prelude::*;
use serde::Deserialize as _;

use super::client::TlsSlot;
use super::params::{HttpParams, KEY_VARIABLE, variable};

#[derive(Debug)]
struct PreparedRequest {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    follow: u32,
}

impl PreparedRequest {
    /// The request of these params; `secrets` are the values of secret headers, by their variables.
    fn new(params: &HttpParams, secrets: &BTreeMap<String, String>) -> Result<Self> {
        let method = params.check().map_err(Error::msg)?;
        let mut headers = Vec::new();
        for (name, value) in params.headers.pairs() {
            let variable = variable(name);
            let values = match value {
                Some(value) => value,
                None => secrets.get(&variable).with_context(|| {
                    format!("missing value of the header `{name}`: set it with --env {variable}=VALUE")
                })?,
            };
            headers.extend(
                values
                    .split('\n')
                    .map(|value| (name.to_owned(), value.to_owned())),
            );
        }
        Ok(Self {
            method,
            url: params.url.clone(),
            headers,
            body: params.body_bytes().map_err(Error::msg)?.into(),
            follow: params.follow,
        })
    }
}

/// The params are read once in `init` (and when they change), not in every iteration.
#[derive(Debug)]
pub(super) struct Http {
    plan: RwLock<Option<Arc<PreparedRequest>>>,
    secrets: OnceLock<BTreeMap<String, String>>,
    tls: TlsSlot,
}

impl Http {
    /// With the place where its client looks for the TLS settings of the params.
    pub(super) fn new(tls: TlsSlot) -> Self {
        Self {
            plan: RwLock::default(),
            secrets: OnceLock::new(),
            tls,
        }
    }

    fn plan(&self) -> Option<Arc<PreparedRequest>> {
        self.plan.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, params: &HttpParams, secrets: &BTreeMap<String, String>) -> Result<()> {
        let plan = PreparedRequest::new(params, secrets)?;
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(plan));
        Ok(())
    }
}

impl Runner for Http {
    async fn init(&self, ctx: &Context) -> Result<()> {
        let params: HttpParams = ctx.params()?;
        let names = params.headers.pairs().into_iter().map(|(name, _)| variable(name));
        let secrets = names.filter_map(|name| Some((name.clone(), ctx.env(&name)?)));
        let secrets = self.secrets.get_or_init(|| secrets.collect());
        let key = ctx.env(KEY_VARIABLE);
        if let Some(tls) = params.tls(key.as_deref()).map_err(Error::msg)? {
            self.tls.set(tls);
        }
        self.set(&params, secrets)
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let plan = self.plan().context("init comes before run")?;
        let mut request = ctx.request(plan.method.clone(), &plan.url).discard_body();
        for (name, value) in &plan.headers {
            request = request.add_header(name, value);
        }
        if !plan.body.is_empty() {
            request = request.body(plan.body.clone());
        }
        if plan.follow > 0 {
            request = request.follow(plan.follow);
        }
        let status = request.send().await?.status();
        ensure!(status < 400, "status {status}");
        Ok(())
    }

    /// The TLS settings stay those of the job's start.
    fn on_params(&self, params: &serde_json::Value) -> Result<()> {
        let params = HttpParams::deserialize(params)?;
        self.set(&params, self.secrets.get().unwrap_or(&BTreeMap::new()))
    }
}
