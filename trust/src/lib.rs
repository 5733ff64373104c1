//! Who a peer is, and how it proves it: [roles](role) say what a peer may do, a [`Peer`] says who is at the other end of a
//! connection. The [home key](home) and the [token of an hour](bearer) are what a user has; [listeners](accept) and
//! [connections](connect) ask for it.
//!
//! A cluster has a [certificate authority](authority), which gives a program on any host its [identity]: a key with a
//! [certificate] that names its role. A [line of text](mod@line) with the [pin] of the authority and a [secret] is all
//! that a host needs to join.
//!
//! Load tests never compile this crate.

pub mod accept;
pub mod authority;
pub mod bearer;
pub mod certificate;
pub mod connect;
pub mod home;
pub mod identity;
pub mod line;
pub mod peer;
pub mod pin;
mod proof;
pub mod role;
pub mod secret;
pub mod tls;

pub use peer::{Peer, Who};
pub use proof::Trust;
pub use role::Role;
