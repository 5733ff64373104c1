//! A load test whose constructor fails, because its data is not there.

use heavy_sdk::Feed;
use heavy_sdk::prelude::*;

struct Login {
    accounts: Feed<String>,
}

impl Login {
    fn new() -> Result<Self> {
        let accounts = Feed::json_lines("no-such-accounts.jsonl")?;
        Ok(Self { accounts })
    }
}

impl Runner for Login {
    async fn run(&self, ctx: &Context) -> Result<()> {
        ensure!(!self.accounts.row(ctx)?.is_empty(), "an account without a name");
        Ok(())
    }
}

fn server() -> Result<Server> {
    Ok(Server::new(Login::new()?))
}

fn main() -> ExitCode {
    heavy_sdk::serve(server())
}
