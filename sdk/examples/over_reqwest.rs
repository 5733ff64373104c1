//! A load test over reqwest: cookies, redirects and decompression for every request, and a multipart upload that only
//! reqwest can build. The target is the variable `TARGET_URL`.

use std::rc::Rc;

use heavy_sdk::http::{EngineConfig, ReqwestClient, reqwest};
use heavy_sdk::prelude::*;

struct Shop {
    url: String,
}

impl Runner for Shop {
    async fn init_user(&self, ctx: &Context) -> Result<()> {
        ctx.set_state(ReqwestClient::new(EngineConfig::default())?);
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let base = &self.url;
        ctx.get(format!("{base}/login")).send().await?;
        let cart = ctx.get(format!("{base}/cart")).send().await?;
        ctx.check("the cookie was kept", cart.text()?.contains("session=1"));

        let client = ctx.state::<ReqwestClient>().context("init_user made a client")?;
        let url = format!("{base}/upload");
        let form = reqwest::multipart::Form::new().text("title", "boots");
        let request = client.client().post(&url).multipart(form).build()?;
        let sample = ctx.sample("HTTP", "upload").method("POST").url(url);
        let stored = sample.answer(client.measure(request, true).await)?;
        ctx.check("the form arrived", stored.text()?.contains("boots"));
        Ok(())
    }
}

/// Users with connections of their own (`--connections per-user`) have cookies of their own.
fn with_cookies(config: EngineConfig) -> Rc<ReqwestClient> {
    let client = ReqwestClient::customised(config, |builder| {
        builder
            .cookie_store(true)
            .gzip(true)
            .redirect(reqwest::redirect::Policy::limited(5))
    });
    Rc::new(client.expect("reqwest accepts these settings"))
}

fn main() -> ExitCode {
    let url = env_or("TARGET_URL", "http://127.0.0.1:8080");
    heavy_sdk::serve(Server::new(Shop { url }).http_client(|config| with_cookies(config)))
}
