//! Code about the shop's products that both workflows share.

use heavy_sdk::prelude::*;
use serde::Deserialize;

/// A product for sale.
#[derive(Debug, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: u64,
    pub(crate) price_cents: u32,
}

/// Selects a product, in rotation by iteration.
pub(crate) fn pick(products: &[Product], ctx: &Context) -> Result<u64> {
    ensure!(!products.is_empty(), "the shop has nothing to sell");
    let turn = ctx.iteration().unwrap_or_default() % products.len() as u64;
    Ok(products[turn as usize].id)
}
