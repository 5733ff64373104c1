//! The phases of a request, and the one order in which they stand where they are columns, sums or bars.

/// A phase of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Waiting for a free connection, or for permission to open one.
    Blocked,
    /// Resolving the host name.
    Dns,
    /// The TCP connect.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Writing the request.
    Send,
    /// From the request written to the first byte of the answer.
    Wait,
    /// From the first byte of the answer to the last.
    Receive,
}

impl Phase {
    /// Every phase, in the order of [`Phases::to_array`] and of a request's life.
    pub const ALL: [Self; 7] = [
        Self::Blocked,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Send,
        Self::Wait,
        Self::Receive,
    ];
}

/// How long each phase took, in ns. The sum is the request's duration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// [`Phase::Blocked`].
    pub blocked_ns: u64,
    /// [`Phase::Dns`].
    pub dns_ns: u64,
    /// [`Phase::Connect`].
    pub connect_ns: u64,
    /// [`Phase::Tls`].
    pub tls_ns: u64,
    /// [`Phase::Send`].
    pub send_ns: u64,
    /// [`Phase::Wait`].
    pub wait_ns: u64,
    /// [`Phase::Receive`].
    pub receive_ns: u64,
}

impl Phases {
    /// The values in the order of [`Phase::ALL`].
    #[must_use]
    pub const fn to_array(self) -> [u64; 7] {
        [
            self.blocked_ns,
            self.dns_ns,
            self.connect_ns,
            self.tls_ns,
            self.send_ns,
            self.wait_ns,
            self.receive_ns,
        ]
    }

    /// The time of one phase.
    pub const fn of(&mut self, phase: Phase) -> &mut u64 {
        match phase {
            Phase::Blocked => &mut self.blocked_ns,
            Phase::Dns => &mut self.dns_ns,
            Phase::Connect => &mut self.connect_ns,
            Phase::Tls => &mut self.tls_ns,
            Phase::Send => &mut self.send_ns,
            Phase::Wait => &mut self.wait_ns,
            Phase::Receive => &mut self.receive_ns,
        }
    }

    /// The sum of all phases, in ns.
    #[must_use]
    pub fn total_ns(self) -> u64 {
        self.to_array().iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_names_agree() {
        let mut phases = Phases::default();
        for (n, phase) in (1..).zip(Phase::ALL) {
            *phases.of(phase) = n;
        }
        assert_eq!(phases.to_array(), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(
            (phases.blocked_ns, phases.receive_ns, phases.total_ns()),
            (1, 7, 28)
        );
        assert_eq!(Phase::ALL.map(|phase| phase as u64), [0, 1, 2, 3, 4, 5, 6]);
    }
}
