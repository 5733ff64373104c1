//! Requests accounts 1 to `accounts` in two ways. `dealt` takes them from a feed, which distributes them over all agents,
//! once each, and ends the job after the last. `shards` has a splitter that gives every agent its own range of accounts. With
//! `--param rounds=N` every request carries a proof that takes N rounds of hashing: client work that takes CPU from the
//! generator. With `--param branches=N` the accounts of each of N branches have their own statistics.

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
