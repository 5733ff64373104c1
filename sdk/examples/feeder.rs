//! Takes one account of `data/accounts.csv` per iteration, and looks at what else lies beside it: what the tests of files run.
//!
//! With `--param file=PATH` it takes another file. With `--param spoil=true` it ends by writing over its file. With `--param list=true` every file and directory of the
//! working directory is a check.

use std::path::Path;
use std::sync::OnceLock;

use heavy_sdk::Feed;
use heavy_sdk::prelude::*;

#[derive(serde::Deserialize)]
struct Account {
    name: String,
}

#[derive(Default)]
struct Feeder {
    accounts: OnceLock<Feed<Account>>,
}

const FILE: &str = "data/accounts.csv";

impl Runner for Feeder {
    async fn init(&self, ctx: &Context) -> Result<()> {
        let file = ctx.param("file").unwrap_or_else(|| FILE.to_owned());
        let accounts = Feed::csv(file)?.stop();
        self.accounts.get_or_init(|| accounts);
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let accounts = self.accounts.get().context("init has read the accounts")?;
        ctx.check(format!("account {}", accounts.row(ctx)?.name), true);
        if ctx.param("list").is_some() && ctx.iteration() == Some(0) {
            list(ctx, Path::new("."))?;
        }
        Ok(())
    }

    async fn cleanup(&self, ctx: &Context) -> Result<()> {
        if ctx.param("spoil").is_some() {
            std::fs::write(FILE, "spoiled\n")?;
        }
        Ok(())
    }
}

fn list(ctx: &Context, dir: &Path) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let shown = path.strip_prefix(".").unwrap_or(&path).display();
        ctx.check(format!("there is {shown}"), true);
        if path.is_dir() {
            list(ctx, &path)?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    heavy_sdk::serve(Server::new(Feeder::default()))
}
