//! Lower priority for work that can wait, so that the load test gets the processor first.

/// The niceness of delivery and storage.
pub const DELIVERY: i32 = 10;

/// Gives the calling thread (Linux has a niceness for each) a niceness. If the system refuses, only the priority differs.
pub fn set_thread(niceness: i32) {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), niceness) {
        tracing::debug!(%error, "cannot lower a thread's priority");
    }
}

/// Lowers the priority of the calling thread, and of those that it starts later, to [`DELIVERY`], unless it is lower
/// already. To be called before a runtime is made. If the system refuses, only the priority differs.
pub fn yield_to_load() {
    match rustix::process::getpriority_process(None) {
        Ok(niceness) if niceness >= DELIVERY => {}
        _ => {
            if let Err(error) = rustix::process::setpriority_process(None, DELIVERY) {
                tracing::warn!(%error, "cannot lower the priority");
            }
        }
    }
}
