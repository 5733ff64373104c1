//! How TLS is spoken: with ring, and with whom.

pub mod cluster;
mod pinned;
pub mod problem;
mod signatures;

pub(crate) use pinned::{client, server};

#[cfg(test)]
pub(crate) use pinned::SameCertificate;
