//! What runs a load test: cores that pace and admit iterations, the way of results out, the RPC service.
//!
//! | file | what lives there |
//! |---|---|
//! | `process`, `preparing`, `dealer`, `shared`, `job` | the whole process: cores, and the job they work on |
//! | `core`, `closed`, `orders`, `users` | one core: when an iteration starts, and as whom |
//! | `pacer`, `timer`, `slots`, `running`, `ahead` | what a core is made of; `local` is made of it too |
//! | `resources`, `tasks`, `iteration`, `panics`, `workflow` | one iteration: the load test's code and what came of it |
//! | `results`, `writer` | lines, from the core that made them to the pipe |
//! | `rpc`, `stdio`, `spawned`, `failure` | what the agent sees |

pub(crate) mod ahead;
pub(crate) mod closed;
pub(crate) mod core;
mod dealer;
pub(crate) mod failure;
pub(crate) mod iteration;
pub(crate) mod job;
pub(crate) mod orders;
pub(crate) mod pacer;
pub(crate) mod panics;
mod preparing;
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
