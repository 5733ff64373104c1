//! Lower priority for work that can wait, so that the load test gets CPU time first.

/// The niceness of delivery and storage.
pub const DELIVERY: i32 = 10;

/// Sets the niceness of the calling thread (Linux has one per thread). If the system refuses, the priority stays as it is.
pub fn set_thread(niceness: i32) {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), niceness) {
        tracing::debug!(%error, "cannot lower a thread's priority");
    }
}

/// Lowers the priority of the calling thread, and of threads that it starts later, to [`DELIVERY`], unless it is already
/// lower. Call it before creating a runtime. If the system refuses, the priority stays as it is.
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
