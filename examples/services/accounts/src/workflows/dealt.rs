//! Requests every account once, over all agents.

use std::sync::OnceLock;

use heavy_sdk::Numbers;
use heavy_sdk::prelude::*;

use crate::account::{look_at, range};

#[derive(Default)]
pub(crate) struct Dealt {
    accounts: OnceLock<Numbers>,
}

impl Runner for Dealt {
    async fn init(&self, ctx: &Context) -> Result<()> {
        let (first, last) = range(ctx)?;
        let accounts = Numbers::new(first..last + 1)?.stop();
        self.accounts.get_or_init(|| accounts);
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let accounts = self.accounts.get().context("init has set the accounts")?;
        look_at(ctx, accounts.number(ctx)?).await
    }
}
