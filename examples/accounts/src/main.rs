//! Accounts 1 to `accounts`, in two ways: `dealt` takes them from a feed, which deals them over all agents, each once, and
//! ends the job with the last; `shards` has a splitter that gives every agent a range of its own, which no other agent
//! touches. With `--param rounds=N` every request carries a proof that takes N rounds of hashing: work of the client that
//! takes CPU from the generator; with `--param branches=N` the accounts of each of N branches have statistics of their own.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
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

fn whole_number(ctx: &Context, key: &str) -> Result<Option<u64>> {
    ctx.param(key)
        .map(|text| text.parse())
        .transpose()
        .with_context(|| format!("the param `{key}` is not a whole number"))
}

/// A hash of a hash of a hash.
fn proof(account: u64, rounds: u64) -> u64 {
    (0..rounds).fold(account, |last, round| {
        let mut hasher = DefaultHasher::new();
        (last, round).hash(&mut hasher);
        hasher.finish()
    })
}

fn range(ctx: &Context) -> Result<(u64, u64)> {
    let first = whole_number(ctx, "first")?.unwrap_or(1);
    let last = match whole_number(ctx, "last")? {
        None => whole_number(ctx, "accounts")?,
        last => last,
    };
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
    use std::collections::HashSet;

    #[test]
    fn every_round_of_a_proof_counts() {
        assert_eq!(proof(7, 0), 7);
        let proofs: HashSet<u64> = (0..10).map(|rounds| proof(7, rounds)).collect();
        assert_eq!(proofs.len(), 10);
    }

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
