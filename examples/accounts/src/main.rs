//! Accounts 1 to `accounts`, in two ways: `dealt` takes them from a feed, which deals them over all agents, each once, and
//! ends the job with the last; `shards` has a splitter that gives every agent a range of its own, which no other agent
//! touches.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use heavy_sdk::Numbers;
use heavy_sdk::prelude::*;
use serde_json::{Value, json};

/// Every account once, whichever agent asks for it.
#[derive(Default)]
struct Dealt {
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
        let accounts = self.accounts.get().context("init comes first")?;
        look_at(ctx, accounts.number(ctx)?).await
    }
}

/// Only the accounts of this agent, one after the other and then again.
#[derive(Default)]
struct Shards {
    next: AtomicU64,
}

impl Runner for Shards {
    async fn init(&self, ctx: &Context) -> Result<()> {
        range(ctx).map(drop)
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let (first, last) = range(ctx)?;
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        look_at(ctx, first + next % (last + 1 - first)).await
    }
}

async fn look_at(ctx: &Context, account: u64) -> Result<()> {
    let url = ctx
        .param("url")
        .context("say where the accounts are: --param url=http://...")?;
    let url = format!("{}/products/{account}", url.trim_end_matches('/'));
    let answer = ctx.get(&url).name("GET /products/{id}").send().await?;
    ctx.check("the account is there", answer.status() == 200);
    Ok(())
}

fn range(ctx: &Context) -> Result<(u64, u64)> {
    let number = |key: &str| ctx.param(key).and_then(|text| text.parse().ok());
    let first = number("first").unwrap_or(1);
    let last = number("last").or_else(|| number("accounts"));
    let last = last.context("say how many accounts there are: --param accounts=1000")?;
    ensure!(first <= last, "no accounts are left for this agent");
    Ok((first, last))
}

/// One range after the other, of lengths that differ by one at most.
fn divide(params: Value, agents: u32) -> Result<Vec<Value>> {
    let accounts = params.get("accounts").and_then(Value::as_u64);
    let accounts = accounts.context("say how many accounts there are: --param accounts=1000")?;
    let agents = u64::from(agents);
    ensure!(
        accounts >= agents,
        "{accounts} accounts are too few for {agents} agents"
    );
    let parts = (0..agents).map(|agent| {
        let mut part = params.clone();
        part["first"] = json!(accounts * agent / agents + 1);
        part["last"] = json!(accounts * (agent + 1) / agents);
        part
    });
    Ok(parts.collect())
}

fn main() -> ExitCode {
    heavy_sdk::serve(
        Server::named("dealt", Dealt::default())
            .and("shards", Shards::default())
            .splitter(divide),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_divide_all_accounts() {
        let parts = divide(json!({"accounts": 10, "url": "u"}), 3).unwrap();
        let ranges: Vec<_> = parts
            .iter()
            .map(|part| (part["first"].clone(), part["last"].clone()))
            .collect();
        assert_eq!(
            ranges,
            [(json!(1), json!(3)), (json!(4), json!(6)), (json!(7), json!(10))]
        );
        assert!(divide(json!({"accounts": 2}), 3).is_err() && divide(json!({}), 1).is_err());
    }
}
