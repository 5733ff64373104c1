//! A customer: logs in once, then repeatedly fills the cart and checks out.

use common::target_url;
use heavy_sdk::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::product::{Product, pick};

pub(crate) struct Buy;

/// Params of the workflow.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Params {
    quantity: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { quantity: 1 }
    }
}

/// State that a customer keeps between iterations.
struct Session {
    token: String,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

impl Runner for Buy {
    async fn init(&self, ctx: &Context) -> Result<()> {
        target_url(ctx).map(drop)
    }

    async fn init_user(&self, ctx: &Context) -> Result<()> {
        let url = format!("{}/login", target_url(ctx)?);
        let answer = ctx.post(url).json(&json!({"user": ctx.user_id()})).send().await?;
        let Login { token } = answer.json()?;
        ctx.set_state(Session { token });
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let base = target_url(ctx)?;
        let Params { quantity } = ctx.params::<Option<Params>>()?.unwrap_or_default();
        let session = ctx.state::<Session>().context("init_user has logged in")?;

        let product = ctx
            .step("choose")
            .run(async |step| {
                let list = step.get(format!("{base}/products")).send().await?;
                let id = pick(&list.json::<Vec<Product>>()?, ctx)?;
                let page = step.get(format!("{base}/products/{id}")).send().await?;
                Ok(page.json::<Product>()?)
            })
            .await?;

        ctx.step("pay")
            .run(async |step| {
                let cart = step
                    .post(format!("{base}/cart"))
                    .bearer(&session.token)
                    .json(&json!({"product": product.id, "quantity": quantity}))
                    .send()
                    .await?;
                ensure!(
                    step.check("cart is 201", cart.status() == 201),
                    "the cart was refused"
                );
                let order = step
                    .post(format!("{base}/checkout"))
                    .bearer(&session.token)
                    .send()
                    .await?;
                step.check("checkout is 200", order.status() == 200);
                Ok(())
            })
            .await?;

        ctx.counter("revenue_cents", product.price_cents * quantity);
        Ok(())
    }
}
