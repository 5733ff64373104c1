//! What both workflows know about the shop.

use heavy_sdk::prelude::*;
use serde::Deserialize;

/// One thing on sale.
#[derive(Debug, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: u64,
    pub(crate) price_cents: u32,
}

/// Where the shop is, without a slash at the end.
pub(crate) fn base(ctx: &Context) -> Result<String> {
    let url = ctx
        .param("url")
        .or_else(|| ctx.env("TARGET_URL"))
        .context("no shop to visit: give its address with --param url=http://host, or in TARGET_URL")?;
    Ok(url.trim_end_matches('/').to_owned())
}

/// One of the products, another one for every iteration.
pub(crate) fn pick(products: &[Product], ctx: &Context) -> Result<u64> {
    ensure!(!products.is_empty(), "the shop has nothing to sell");
    let turn = ctx.iteration().unwrap_or_default() % products.len() as u64;
    Ok(products[turn as usize].id)
}
