//! The scheduler over real sockets and on a real database: one binary, a module a subject.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails; clippy.toml allows it in test functions only, not in their helpers"
)]

mod agent;
mod api;
mod bad_serve;
mod bad_submit;
mod cli;
mod client;
mod configs;
mod files;
mod late;
mod left;
mod lifecycle;
mod openapi;
mod queue;
mod restart;
mod world;
