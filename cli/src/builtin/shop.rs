//! The workflow of `heavy demo`: a visit to the demo target's shop.

use heavy_sdk::prelude::*;
use serde_json::{Value, json};

/// How many products the shop has.
const PRODUCTS: u64 = 100;

/// One visitor in this many buys.
const BUYERS: u64 = 4;

/// Looks at the list and at one product; some visitors buy it. The param `url` is the shop's address.
#[derive(Debug)]
pub(super) struct Visit;

impl Runner for Visit {
    async fn run(&self, ctx: &Context) -> Result<()> {
        let shop = ctx
            .param("url")
            .context("missing param url, the address of the shop")?;
        let number = ctx.iteration().unwrap_or(0);
        // Another product each time, the same ones in every job.
        let product = number * 7 % PRODUCTS;
        browse(ctx, &shop, product).await?;
        if number.is_multiple_of(BUYERS) {
            let token = login(ctx, &shop).await?;
            buy(ctx, &shop, &token, product).await?;
        }
        Ok(())
    }
}

async fn browse(ctx: &Context, shop: &str, product: u64) -> Result<()> {
    ctx.step("browse")
        .run(async |step| {
            let list: Vec<Value> = step.get(format!("{shop}/products")).send().await?.json()?;
            step.check("the list has products", !list.is_empty());
            let found: Value = step
                .get(format!("{shop}/products/{product}"))
                .send()
                .await?
                .json()?;
            step.check("the product is the one asked for", found["id"] == product);
            Ok(())
        })
        .await
}

async fn login(ctx: &Context, shop: &str) -> Result<String> {
    ctx.step("login")
        .run(async |step| {
            let user = json!({ "user": ctx.user_id() });
            let answer = step.post(format!("{shop}/login")).json(&user).send().await?;
            ensure!(answer.is_success(), "login was answered {}", answer.status());
            let login: Value = answer.json()?;
            Ok(login["token"].as_str().unwrap_or_default().to_owned())
        })
        .await
}

async fn buy(ctx: &Context, shop: &str, token: &str, product: u64) -> Result<()> {
    ctx.step("buy")
        .run(async |step| {
            let cart = json!({ "product": product, "quantity": 1 + product % 3 });
            let added = step
                .post(format!("{shop}/cart"))
                .bearer(token)
                .json(&cart)
                .send()
                .await?;
            step.check("the product is in the cart", added.status() == 201);
            let paid = step.post(format!("{shop}/checkout")).bearer(token).send().await?;
            ensure!(paid.is_success(), "checkout was answered {}", paid.status());
            Ok(())
        })
        .await
}
