//! What every process of heavy needs once: listening ([`listen`]), its data directory ([`data_dir`]) and the processes
//! that share it ([`owners`]), logging ([`log`]), the host's clocks ([`clock`]), priority ([`nice`]), signals ([`signals`])
//! and what of its caches is kept ([`retention`]).

pub mod clock;
pub mod data_dir;
pub mod listen;
pub mod log;
pub mod nice;
pub mod owners;
pub mod retention;
pub mod signals;
