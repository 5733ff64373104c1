//! A server to run load tests against. It runs in its own threads, answers tens of thousands of requests per
//! second on one, records every arrival, and slows down, fails or stalls on request. It speaks HTTP/1.1, and
//! HTTP/2 with prior knowledge, on one loopback port.
//!
//! | path | answer |
//! |---|---|
//! | `/` | 200 and the 12 bytes `hello heavy\n`; any method |
//! | `/delay/{ms}` | 200 after that many milliseconds, at most 60,000 |
//! | `/status/{code}` | that status, 200 to 599 |
//! | `/bytes/{n}`, `/chunked/{n}` | n bytes, at most 1 GiB, with content-length or without |
//! | `/items/{id}` | an item as JSON |
//! | `/products`, `/products/{id}`, `POST /login`, `POST /cart`, `POST /checkout` | a small shop |
//! | `/reset` | resets the connection (over HTTP/2, the stream) |
//! | `/hang` | no response, ever |
//! | `/_stats`, `/_arrivals`, `POST /_reset`, `POST /_control` | controls the target itself; neither counted nor recorded |
//!
//! `/_arrivals` has a line per request: CLOCK_MONOTONIC in ns when its head was parsed, in ascending order.
//! `POST /_control` takes a [`Behaviour`] in milliseconds:
//! `{"slow_ms": 20, "fail_share": 0.01, "stall_in_ms": 1000, "stall_for_ms": 500}`; `{}` resets it.

mod body;
mod connection;
mod control;
mod options;
mod random;
mod route;
mod shop;
mod state;
mod stats;
mod target;

pub use options::{Behaviour, Latency, Options, Stall};
pub use stats::Stats;
pub use target::{Error, Handle, Target};
