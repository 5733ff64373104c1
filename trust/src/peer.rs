//! Who is at the other end of a connection, or of a request over it.

use crate::pin::Pin;
use crate::role::Role;

/// Who is at the other end, and whether from this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Who it is.
    pub who: Who,
    /// Whether its address is a loopback address.
    pub from_loopback: bool,
}

/// Who a peer has proved to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A program of the user that runs this one, by the home key: it may do everything.
    Home,
    /// The owner of a certificate of the cluster.
    Certified {
        /// What it may do.
        role: Role,
        /// Its name in that role, as the certificate has it.
        name: String,
        /// The pin of its public key.
        key: Pin,
    },
    /// The owner of a token.
    Bearer {
        /// What it may do.
        role: Role,
        /// The token's name, which is no secret.
        token: String,
    },
    /// Somebody who has proved nothing.
    Nobody,
}

impl Peer {
    /// A program of the user that runs this one.
    #[must_use]
    pub const fn home() -> Self {
        Self {
            who: Who::Home,
            from_loopback: true,
        }
    }

    /// Whether it may do what asks for this role.
    #[must_use]
    pub const fn may(&self, wanted: Role) -> bool {
        match &self.who {
            Who::Home => true,
            Who::Certified { role, .. } | Who::Bearer { role, .. } => role.includes(wanted),
            Who::Nobody => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_proved_nothing_may_nothing() {
        let of = |who| Peer {
            who,
            from_loopback: true,
        };
        let reader = of(Who::Bearer {
            role: Role::Read,
            token: "ci".to_owned(),
        });
        for role in Role::ALL {
            assert!(Peer::home().may(role) && !of(Who::Nobody).may(role));
            assert_eq!(reader.may(role), role == Role::Read);
        }
    }
}
