//! A small shop under load: visitors who look around, and customers who buy.
//!
//! The variable `TARGET_URL` (or the param `url`) says where the shop is; the param `quantity` how many of a thing a
//! customer buys.

mod product;
mod workflows {
    pub(crate) mod browse;
    pub(crate) mod buy;
}

use heavy_sdk::prelude::*;

fn main() -> ExitCode {
    let server = Server::named("browse", workflows::browse::Browse).and("buy", workflows::buy::Buy);
    heavy_sdk::serve(server)
}
