//! A visitor: lists the products and views one of them.

use common::target_url;
use heavy_sdk::prelude::*;

use crate::product::{Product, pick};

pub(crate) struct Browse;

impl Runner for Browse {
    async fn init(&self, ctx: &Context) -> Result<()> {
        target_url(ctx).map(drop)
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let base = target_url(ctx)?;

        let list = ctx.get(format!("{base}/products")).send().await?;
        ctx.check("list is 200", list.status() == 200);
        let products: Vec<Product> = list.json()?;

        let id = pick(&products, ctx)?;
        let page = ctx.get(format!("{base}/products/{id}")).send().await?;
        ctx.check("product is the one asked for", page.json::<Product>()?.id == id);
        Ok(())
    }
}
