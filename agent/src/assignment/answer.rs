//! Waits for the answer of a load test.

use std::time::Duration;

use heavy_plugin::rpc::deadline_in;
use tarpc::client::RpcError;
use tarpc::context::Context;
use tokio::time::timeout;

/// Calls a load test, which has to answer within `limit`. One that does not even read the question has not answered
/// either: the deadline of a call counts only once the call is sent.
pub(super) async fn within<T, F>(limit: Duration, call: impl FnOnce(Context) -> F) -> Result<T, RpcError>
where
    F: Future<Output = Result<T, RpcError>>,
{
    let answer = timeout(limit, call(deadline_in(limit))).await;
    answer.unwrap_or(Err(RpcError::DeadlineExceeded))
}

#[cfg(test)]
mod tests {
    use heavy_plugin::codec::{self, ClientTransport};
    use heavy_plugin::rpc::{LoadTestClient, Release, client_config};

    use super::*;

    #[tokio::test]
    async fn a_load_test_that_reads_nothing_does_not_answer() {
        let (socket, _frozen) = tokio::io::duplex(1024);
        let transport: ClientTransport<_> = codec::transport(socket);
        let client = LoadTestClient::new(client_config(), transport).spawn();
        // More than the socket takes, so that nothing can be sent after it.
        let release = Release {
            due: (0..10_000).map(|n| (n, n)).collect(),
            ..Release::default()
        };
        let released = within(Duration::from_secs(3600), |context| client.run(context, release));
        let asked = async {
            // The release is on its way first.
            tokio::task::yield_now().await;
            within(Duration::from_millis(50), |context| client.describe(context)).await
        };
        tokio::select! {
            biased;
            _ = released => panic!("nothing was read"),
            answer = asked => assert!(answer.is_err()),
        }
    }
}
