//! The built-in load test: this executable, started by an agent like any other.

mod client;
mod http;
mod params;
mod shop;

use std::process::ExitCode;

use heavy_sdk::Server;

use client::TlsSlot;
pub(crate) use params::{HeaderList, HttpParams, KEY_VARIABLE, is_secret, variable};

/// The workflow of `heavy run URL`: sends one request, as its params say.
pub(crate) const HTTP: &str = "http";
/// The workflow of `heavy demo`: visits the demo target's shop.
pub(crate) const SHOP: &str = "shop";

/// Set in the environment of a process that `heavy try` starts as this load test.
pub(crate) const ENV_BUILTIN: &str = "HEAVY_BUILTIN_LOAD_TEST";

/// Whether an agent or `heavy try` spawned this process as a load test.
pub(crate) fn is_wanted() -> bool {
    [heavy_plugin::ENV_RPC_FD, ENV_BUILTIN]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}

/// Serves the agent until it is gone, or does what the command line says.
pub(crate) fn serve() -> ExitCode {
    let tls = TlsSlot::default();
    let server = Server::named(HTTP, http::Http::new(tls.clone()))
        .and(SHOP, shop::Visit)
        .http_client(move |config| tls.client(config));
    heavy_sdk::serve(server)
}
