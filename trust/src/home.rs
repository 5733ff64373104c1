//! The home key: what all programs of one user on one host have, and nobody else.
//!
//! The first program that needs it makes it, under a lock: a private key and a certificate that the key itself has signed, in
//! one file. Both ends of a connection have the same file, so each compares the other's certificate with its own; names and
//! times in it mean nothing.

mod error;
mod file;
mod key;
mod path;

pub use error::HomeError;
pub use key::HomeKey;
pub use path::VARIABLE;

/// The server name by which a program of the same user is asked for, at whatever address it listens.
pub const HOME: &str = "home.heavy";
