//! Accounts 1 to `accounts`, in two ways: `dealt` takes them from a feed, which deals them over all agents, each once, and
//! ends the job with the last; `shards` has a splitter that gives every agent a range of its own, which no other agent
//! touches. With `--param rounds=N` every request carries a proof that takes N rounds of hashing: work of the client that
//! takes CPU from the generator; with `--param branches=N` the accounts of each of N branches have statistics of their own.

mod account;
mod proof;
mod workflows {
    pub(crate) mod dealt;
    pub(crate) mod shards;
}

use heavy_sdk::prelude::*;

fn main() -> ExitCode {
    let server = Server::named("dealt", workflows::dealt::Dealt::default())
        .and("shards", workflows::shards::Shards::default())
        .splitter(workflows::shards::divide);
    heavy_sdk::serve(server)
}
