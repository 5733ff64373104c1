//! The smallest load test: GET one URL, given as the param `url` or in the variable `TARGET_URL`.

use heavy_sdk::prelude::*;

struct HttpGet;

impl Runner for HttpGet {
    /// Fails the job before it starts if there is no URL.
    async fn init(&self, ctx: &Context) -> Result<()> {
        target(ctx).map(drop)
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let answer = ctx.get(target(ctx)?).send().await?;
        ctx.check("status is below 400", answer.status() < 400);
        Ok(())
    }
}

fn target(ctx: &Context) -> Result<String> {
    ctx.param("url")
        .or_else(|| ctx.env("TARGET_URL"))
        .context("no URL to get: set it with --param url=http://host/path, or in TARGET_URL")
}

fn main() -> ExitCode {
    heavy_sdk::serve(Server::new(HttpGet))
}
