//! What the load tests of all services share.

use heavy_sdk::prelude::*;

/// Where the service under test is, without a slash at the end: the param `url`, else the variable `TARGET_URL`.
///
/// # Errors
/// When neither says.
pub fn target_url(ctx: &Context) -> Result<String> {
    let url = ctx
        .param("url")
        .or_else(|| ctx.env("TARGET_URL"))
        .context("nothing says where the service is: write TARGET_URL=http://host into .env, or give --param url=http://host")?;
    Ok(url.trim_end_matches('/').to_owned())
}
