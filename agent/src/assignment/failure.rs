//! Why an assignment failed.

/// Why an assignment failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssignmentFailure {
    /// As in `AssignmentUpdate.failure_kind`.
    pub(crate) kind: &'static str,
    /// For people.
    pub(crate) message: String,
}

impl AssignmentFailure {
    /// A failure of a kind of its own.
    pub(crate) fn new(kind: &'static str, message: impl ToString) -> Self {
        Self {
            kind,
            message: message.to_string(),
        }
    }

    /// Turns an error into a failure of a kind.
    pub(crate) fn with_kind<E: ToString>(kind: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::new(kind, error)
    }

    /// Something that the agent cannot do, or a defect.
    pub(crate) fn internal(message: impl ToString) -> Self {
        Self::new("internal", message)
    }

    /// The load test died.
    pub(crate) fn died(message: impl ToString) -> Self {
        Self::new("died", message)
    }
}
