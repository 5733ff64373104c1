//! Work on results on a thread of its own: it would hold up other tasks, and what breaks there breaks nothing else.

use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Runs work on a thread of its own. What it returns comes over the channel, which is closed without a value if the work broke.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> oneshot::Receiver<T> {
    let (ended, result) = oneshot::channel();
    let runtime = Handle::current();
    let run = move || {
        // Whoever waited may be gone.
        let _ = ended.send(runtime.block_on(work));
    };
    if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(run) {
        tracing::error!(%error, name, "cannot start a thread");
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_breaks_ends_without_a_value_and_alone() {
        assert_eq!(spawn("works", async { 7 }).await, Ok(7));
        #[expect(clippy::panic, reason = "that is the test")]
        let broken = spawn("breaks", async { panic!("as planned") });
        assert!(broken.await.is_err());
    }
}
