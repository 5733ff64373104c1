//! Code that the load tests of all services share.

use heavy_sdk::prelude::*;

/// The URL of the service under test, without a trailing slash: the param `url`, or else the variable `TARGET_URL`.
///
/// # Errors
/// If neither is set.
pub fn target_url(ctx: &Context) -> Result<String> {
    let url = ctx
        .param("url")
        .or_else(|| ctx.env("TARGET_URL"))
        .context("no URL of the service: set TARGET_URL=http://host in .env, or --param url=http://host")?;
    Ok(url.trim_end_matches('/').to_owned())
}
