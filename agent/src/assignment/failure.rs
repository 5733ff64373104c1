//! Why an assignment failed.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssignmentFailure {
    /// As in `AssignmentUpdate.failure_kind`.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl AssignmentFailure {
    pub(crate) fn new(kind: &'static str, message: impl ToString) -> Self {
        Self {
            kind,
            message: message.to_string(),
        }
    }

    pub(crate) fn with_kind<E: ToString>(kind: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::new(kind, error)
    }

    /// Something that the agent cannot do, or a defect.
    pub(crate) fn internal(message: impl ToString) -> Self {
        Self::new("internal", message)
    }

    pub(crate) fn died(message: impl ToString) -> Self {
        Self::new("died", message)
    }
}
