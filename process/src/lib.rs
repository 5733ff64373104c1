//! What every process of heavy needs once: listening ([`listen`]), its data directory ([`data_dir`]) and the processes
//! that share it ([`owners`]), their locks ([`holder`]), logging ([`log`]), what stays at the bottom of the terminal ([`footer`]), the host's clocks
//! ([`clock`]), priority ([`nice`]), signals ([`signals`]), what of its caches is kept ([`retention`]) and verified
//! ([`verified`]), by which hashes ([`hash`]), how much space its data takes ([`disk`]), and flags that read variables
//! ([`variables`]).

pub mod clock;
pub mod data_dir;
pub mod disk;
pub mod footer;
pub mod hash;
pub mod holder;
pub mod listen;
pub mod log;
pub mod nice;
pub mod owners;
pub mod retention;
pub mod signals;
pub mod variables;
pub mod verified;
