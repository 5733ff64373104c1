//! How TLS is spoken: with ring, and with whom.

mod pinned;

pub(crate) use pinned::{client, server};

#[cfg(test)]
pub(crate) use pinned::SameCertificate;
