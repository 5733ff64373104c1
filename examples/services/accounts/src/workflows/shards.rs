//! Requests the accounts of this agent in rotation.

use std::sync::atomic::{AtomicU64, Ordering};

use heavy_sdk::prelude::*;
use serde_json::{Value, json};

use crate::account::{look_at, range};

#[derive(Default)]
pub(crate) struct Shards {
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

/// Splits the accounts into one consecutive range per agent; lengths differ by at most one.
pub(crate) fn divide(params: Value, agents: u32) -> Result<Vec<Value>> {
    let accounts = params.get("accounts").and_then(Value::as_u64);
    let accounts = accounts.context("no number of accounts: set it with --param accounts=1000")?;
    let agents = u64::from(agents);
    ensure!(
        accounts >= agents,
        "{accounts} accounts are too few for {agents} agents: use at least one per agent"
    );
    let parts = (0..agents).map(|agent| {
        let mut part = params.clone();
        part["first"] = json!(accounts * agent / agents + 1);
        part["last"] = json!(accounts * (agent + 1) / agents);
        part
    });
    Ok(parts.collect())
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
