//! Accounts 1 to `accounts` in turn: a splitter gives every agent a range of its own.
//!
//! A feed deals rows over all agents by itself; a splitter is for what it cannot know, as here for shards that only one
//! agent may touch.

use std::sync::OnceLock;

use heavy_sdk::Numbers;
use heavy_sdk::prelude::*;
use serde_json::{Value, json};

/// The range is known when the params are.
#[derive(Default)]
struct Accounts {
    own: OnceLock<Numbers>,
}

impl Runner for Accounts {
    async fn init(&self, ctx: &Context) -> Result<()> {
        let (first, last) = range(ctx)?;
        let own = Numbers::new(first..last + 1)?;
        self.own.get_or_init(|| own);
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let own = self.own.get().context("init comes first")?;
        let url = ctx
            .param("url")
            .context("say where the accounts are: --param url=http://...")?;
        let (url, account) = (url.trim_end_matches('/'), own.number(ctx)?);
        let answer = ctx
            .get(&format!("{url}/products/{account}"))
            .name("GET /products/{id}")
            .send()
            .await?;
        ctx.check("the account is there", answer.status() == 200);
        Ok(())
    }
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
    heavy_sdk::serve(Server::new(Accounts::default()).splitter(divide))
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
