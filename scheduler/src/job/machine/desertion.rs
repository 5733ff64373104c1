//! A running job all of whose agents were lost: it waits a little for one to come back, or another to come.

/// An agent that dies is started again within seconds; longer, and nobody knows what the target has recovered from.
pub(crate) const RETURN_LIMIT_NS: u64 = 10_000_000_000;

/// Since when nobody is there, and why.
#[derive(Debug, Default)]
pub(crate) struct Desertion(Option<(u64, String)>);

impl Desertion {
    /// The last agent was lost.
    pub(crate) fn begin(&mut self, now_ns: u64, reason: String) {
        self.0.get_or_insert((now_ns, reason));
    }

    /// An agent takes part again.
    pub(crate) fn end(&mut self) {
        self.0 = None;
    }

    /// Whether somebody may still come.
    pub(crate) fn waits(&self, now_ns: u64) -> bool {
        let since_ns = self.0.as_ref().map(|(since_ns, _)| *since_ns);
        since_ns.is_some_and(|since_ns| now_ns < since_ns + RETURN_LIMIT_NS)
    }

    /// Ends the wait, if there is one; returns why it was.
    pub(crate) fn give_up(&mut self) -> Option<String> {
        self.0.take().map(|(_, reason)| reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_ends_with_its_limit_or_when_somebody_comes() {
        let mut desertion = Desertion::default();
        assert!(!desertion.waits(0) && desertion.give_up().is_none());
        desertion.begin(5, "a was lost".to_owned());
        desertion.begin(9, "b was lost".to_owned());
        assert!(desertion.waits(RETURN_LIMIT_NS + 4) && !desertion.waits(RETURN_LIMIT_NS + 5));
        assert_eq!(desertion.give_up().as_deref(), Some("a was lost"));
        desertion.begin(5, "a was lost".to_owned());
        desertion.end();
        assert!(!desertion.waits(6) && desertion.give_up().is_none());
    }
}
