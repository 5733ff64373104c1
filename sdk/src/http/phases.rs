//! The seven phases of a request, measured so that they always add up.

pub(crate) use heavy_plugin::line::Phase;
use heavy_plugin::line::Phases;

/// Walks from the start of a request to its end. Every step belongs to one phase and none is taken back, so the sum
/// of the phases is the distance walked, whatever instants it is given.
#[derive(Debug, Clone)]
pub(crate) struct PhaseClock {
    started_ns: u64,
    now_ns: u64,
    phases: Phases,
}

impl PhaseClock {
    pub(crate) fn new(started_ns: u64) -> Self {
        Self {
            started_ns,
            now_ns: started_ns,
            phases: Phases::default(),
        }
    }

    /// Counts the time up to `at_ns` to `phase`; nothing if that is in the past.
    pub(crate) fn advance(&mut self, phase: Phase, at_ns: u64) {
        let Some(step_ns) = at_ns.checked_sub(self.now_ns) else {
            return;
        };
        *self.phases.of(phase) += step_ns;
        self.now_ns = at_ns;
    }

    /// Counts the making of a connection up to `at_ns`. What was done before this request began, for another one, is
    /// not its time; what is left around it was waiting.
    pub(crate) fn advance_connect(&mut self, times: &ConnectTimes, at_ns: u64) {
        self.advance(Phase::Blocked, times.began_ns);
        self.advance(Phase::Dns, times.resolved_ns);
        self.advance(Phase::Connect, times.connected_ns);
        self.advance(Phase::Tls, times.secured_ns);
        self.advance(Phase::Blocked, at_ns);
    }

    /// Counts an exchange on an open connection, which ended at `ended_ns`: when the request was written and when the
    /// response began, 0 if it did not come so far.
    pub(crate) fn advance_exchange(&mut self, written_ns: u64, answered_ns: u64, ended_ns: u64) {
        let or_end = |at_ns: u64| if at_ns == 0 { ended_ns } else { at_ns };
        self.advance(Phase::Send, or_end(written_ns));
        self.advance(Phase::Wait, or_end(answered_ns));
        self.advance(Phase::Receive, ended_ns);
    }

    pub(crate) fn started_ns(&self) -> u64 {
        self.started_ns
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    pub(crate) fn phases(&self) -> Phases {
        self.phases
    }
}

/// When the making of a connection reached what. A step that was not reached ends where the one before it failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectTimes {
    pub(crate) began_ns: u64,
    pub(crate) resolved_ns: u64,
    pub(crate) connected_ns: u64,
    pub(crate) secured_ns: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn phases_add_up_whatever_the_instants(
            started in 0_u64..1_000,
            steps in prop::collection::vec((0_usize..7, 0_u64..2_000), 0..20),
            times in prop::array::uniform4(0_u64..2_000),
        ) {
            let mut clock = PhaseClock::new(started);
            let [began_ns, resolved_ns, connected_ns, secured_ns] = times;
            clock.advance_connect(&ConnectTimes { began_ns, resolved_ns, connected_ns, secured_ns }, 1_500);
            for (phase, at) in steps {
                clock.advance(Phase::ALL[phase], at);
            }
            prop_assert_eq!(clock.phases().total_ns(), clock.now_ns() - clock.started_ns());
        }
    }

    #[test]
    fn work_done_for_another_request_is_not_counted() {
        let times = ConnectTimes {
            began_ns: 10,
            resolved_ns: 20,
            connected_ns: 40,
            secured_ns: 70,
        };
        let mut clock = PhaseClock::new(30);
        clock.advance_connect(&times, 75);
        let expected = Phases {
            connect_ns: 10,
            tls_ns: 30,
            blocked_ns: 5,
            ..Phases::default()
        };
        assert_eq!(clock.phases(), expected);
    }
}
