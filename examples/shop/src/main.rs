//! A small shop under load: visitors who look around, and customers who buy.
//!
//! The param `url` (or the variable `TARGET_URL`) says where the shop is; the param `quantity` how many of a thing a
//! customer buys. `heavy demo` runs a shop to aim it at.

mod browse;
mod buy;
mod shop;

use heavy_sdk::prelude::*;

fn main() -> ExitCode {
    heavy_sdk::serve(Server::named("browse", browse::Browse).and("buy", buy::Buy))
}
