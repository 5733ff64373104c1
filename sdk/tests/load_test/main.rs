//! Real load tests as processes of their own, driven as an agent drives them: `examples/behaviours.rs` over RPC.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose load test cannot be driven has failed"
)]

mod child;
mod cookies;
mod files;
mod lease;
mod lifecycle;
mod outcomes;
mod reports;
mod samples;
mod standalone;
mod target;
mod think;
mod trial;
