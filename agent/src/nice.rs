//! Lower priority for threads whose work can wait, so that the load test gets the processor first.

/// What delivery runs at.
pub(crate) const DELIVERY: i32 = 10;

/// Gives the calling thread (Linux has a niceness for each) a niceness; a refusal changes nothing but the priority.
pub(crate) fn set_own(niceness: i32) {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), niceness) {
        tracing::debug!(%error, "cannot lower a thread's priority");
    }
}
