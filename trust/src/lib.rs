//! Who a peer is, and how it proves it: [roles](role) say what a peer may do, a [`Peer`] says who is at the other end of a
//! connection. The [home key](home) and the [token of an hour](bearer) are what a user has; [listeners](accept) and
//! [connections](connect) ask for it.
//!
//! Load tests never compile this crate.

pub mod accept;
pub mod bearer;
pub mod connect;
pub mod home;
pub mod peer;
mod proof;
pub mod role;
mod tls;

pub use peer::{Peer, Who};
pub use proof::Trust;
pub use role::Role;
