//! Code about accounts that both workflows share.

use std::borrow::Cow;

use common::target_url;
use heavy_sdk::prelude::*;

use crate::proof::proof;

/// Requests one account.
pub(crate) async fn look_at(ctx: &Context, account: u64) -> Result<()> {
    let url = format!("{}/products/{account}", target_url(ctx)?);
    let name = match whole_number(ctx, "branches")? {
        None => Cow::Borrowed("GET /products/{id}"),
        Some(branches) => format!("GET /products/{{id}} of branch {}", account % branches.max(1)).into(),
    };
    let mut request = ctx.get(&url).name(name);
    if let Some(rounds) = whole_number(ctx, "rounds")? {
        request = request.header("x-proof", format!("{:016x}", proof(account, rounds)));
    }
    let answer = request.send().await?;
    ctx.check("the account is there", answer.status() == 200);
    Ok(())
}

/// The first and the last account, from the params.
pub(crate) fn range(ctx: &Context) -> Result<(u64, u64)> {
    let first = whole_number(ctx, "first")?.unwrap_or(1);
    let last = match whole_number(ctx, "last")? {
        None => whole_number(ctx, "accounts")?,
        last => last,
    };
    let last = last.context("no number of accounts: set it with --param accounts=1000")?;
    ensure!(
        first <= last,
        "no accounts for this agent: use more accounts than agents"
    );
    Ok((first, last))
}

fn whole_number(ctx: &Context, key: &str) -> Result<Option<u64>> {
    ctx.param(key)
        .map(|text| text.parse())
        .transpose()
        .with_context(|| format!("the param `{key}` is not a whole number"))
}
