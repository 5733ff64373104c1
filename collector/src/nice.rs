//! Priority: storing results must never take the processor from the load.

/// As all of delivery.
const NICENESS: i32 = 10;

/// Lowers the priority of the calling thread and of those that it starts later. To be called before the runtime is
/// made; a refusal of the system changes nothing but the priority.
pub fn make_way() {
    match rustix::process::getpriority_process(None) {
        Ok(niceness) if niceness >= NICENESS => {}
        _ => {
            if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
                tracing::warn!(%error, "cannot lower the priority");
            }
        }
    }
}
