//! The smallest load test: GET one URL.

use heavy_sdk::prelude::*;

struct HttpGet;

impl Runner for HttpGet {
    async fn run(&self, ctx: &Context) -> Result<()> {
        let url = ctx.param("url").or_else(|| ctx.env("TARGET_URL"));
        let url = url.context("name the URL: --param url=http://host/path, or TARGET_URL")?;
        let answer = ctx.get(&url).send().await?;
        ctx.check("status is below 400", answer.status() < 400);
        Ok(())
    }
}

fn main() -> ExitCode {
    heavy_sdk::serve(Server::new(HttpGet))
}
