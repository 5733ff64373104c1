//! The harness runs a load test: cores that pace and admit iterations, the output of results, the RPC service.
//!
//! | file | subject |
//! |---|---|
//! | `process`, `preparing`, `dealer`, `shared`, `job` | the whole process: cores, and the job they work on |
//! | `core`, `closed`, `orders`, `users` | one core: when an iteration starts, and as whom |
//! | `pacer`, `timer`, `slots`, `running`, `ahead` | the parts of a core, which `local` uses too |
//! | `resources`, `tasks`, `iteration`, `panics`, `workflow` | one iteration: the load test's code and its result |
//! | `results`, `writer` | lines, from the core that made them to the pipe |
//! | `printed` | what the load test prints, on the same way |
//! | `rpc`, `stdio`, `spawned`, `failure` | what the agent sees |

pub(crate) mod ahead;
pub(crate) mod closed;
pub(crate) mod core;
mod dealer;
pub(crate) mod failure;
pub(crate) mod iteration;
pub(crate) mod job;
pub(crate) mod lease;
mod lease_end;
pub(crate) mod orders;
pub(crate) mod pacer;
pub(crate) mod panics;
mod preparing;
pub(crate) mod printed;
pub(crate) mod process;
pub(crate) mod resources;
pub(crate) mod results;
pub(crate) mod rpc;
pub(crate) mod running;
pub(crate) mod shared;
pub(crate) mod slots;
pub(crate) mod spawned;
pub(crate) mod stdio;
pub(crate) mod tasks;
pub(crate) mod timer;
pub(crate) mod users;
pub(crate) mod workflow;
pub(crate) mod writer;
