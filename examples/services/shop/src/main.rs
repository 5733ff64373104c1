//! Loads a small shop with visitors who browse and customers who buy.
//!
//! The variable `TARGET_URL` (or the param `url`) is the URL of the shop; the param `quantity` is the number of pieces that a
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
