//! Cuts off what runs when the agent's lease ends.

use std::sync::Arc;

use super::lease::LOOK;
use super::process::Process;

/// Looks at the lease for as long as there is one.
pub(crate) async fn watch(process: Arc<Process>) {
    let lease = &process.shared.lease;
    lease.begun().await;
    let mut was_over = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let is_over = lease.look();
        if is_over && !was_over {
            process.interrupt().await;
        }
        was_over = is_over;
    }
}
