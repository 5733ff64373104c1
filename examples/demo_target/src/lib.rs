//! A server to aim load tests at. It runs in threads of its own, answers tens of thousands of requests a
//! second on one, stamps every arrival, and can be told to be slow, to fail and to stall. HTTP/1.1, and
//! HTTP/2 with prior knowledge, on one loopback port.
//!
//! | path | answer |
//! |---|---|
//! | `/` | 200 and the 12 bytes `hello heavy\n`; any method |
//! | `/delay/{ms}` | 200 after that many milliseconds, 60,000 at most |
//! | `/status/{code}` | that status, 200 to 599 |
//! | `/bytes/{n}`, `/chunked/{n}` | n bytes, 1 GiB at most, with content-length or without |
//! | `/items/{id}` | JSON of a thing |
//! | `/products`, `/products/{id}`, `POST /login`, `POST /cart`, `POST /checkout` | a small shop |
//! | `/reset` | the connection is reset (over HTTP/2, the stream) |
//! | `/hang` | nothing, ever |
//! | `/_stats`, `/_arrivals`, `POST /_reset`, `POST /_control` | the target itself: neither counted nor stamped |
//!
//! `/_arrivals` is a line per request: CLOCK_MONOTONIC in ns when its head was parsed, in ascending order.
//! `POST /_control` takes a [`Behaviour`] in milliseconds:
//! `{"slow_ms": 20, "fail_share": 0.01, "stall_in_ms": 1000, "stall_for_ms": 500}`; `{}` calms it again.

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
