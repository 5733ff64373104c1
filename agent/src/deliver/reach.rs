//! Checks that a collector answers before the agent spawns a load test: load without results is useless.

use std::time::Duration;

use heavy_proto::v1::collector_client::CollectorClient;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::Code;

use crate::backoff::Backoff;

/// How long to wait for a collector that is just restarting.
const REACH_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum ReachProblem {
    /// Nothing answers; it may do so later.
    Away(String),
    /// Something other than a collector answers.
    Stranger,
}

/// Calls the collector at `url` until it answers, for at most [`REACH_LIMIT`].
pub(crate) async fn reach(url: &str) -> Result<(), String> {
    let limit = Instant::now() + REACH_LIMIT;
    let mut backoff = Backoff::default();
    loop {
        let problem = match timeout_at(limit, ask(url)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(ReachProblem::Stranger)) => {
                return Err(format!(
                    "{url} is not a collector: set the address of a collector with --collector"
                ));
            }
            Ok(Err(ReachProblem::Away(problem))) => problem,
            Err(_) => "no answer".to_owned(),
        };
        let pause = backoff.next_pause();
        if Instant::now() + pause >= limit {
            return Err(format!(
                "cannot reach the collector at {url}: {problem}; start one with `heavy-collector`, or set the \
                 address of a running one with --collector"
            ));
        }
        sleep(pause).await;
    }
}

/// Opens a stream of results with none in it.
async fn ask(url: &str) -> Result<(), ReachProblem> {
    let endpoint = heavy_proto::net::endpoint(url).map_err(|error| ReachProblem::Away(innermost(&error)))?;
    let channel = endpoint
        .connect()
        .await
        .map_err(|error| ReachProblem::Away(innermost(&error)))?;
    let answered = async {
        let mut client = CollectorClient::new(channel);
        let acks = client.deliver(futures::stream::empty()).await?;
        // A server without this call may say so only at the end of its answer.
        acks.into_inner().message().await
    };
    match answered.await {
        Ok(_) => Ok(()),
        Err(status) if status.code() == Code::Unavailable => Err(ReachProblem::Away(innermost(&status))),
        Err(_) => Err(ReachProblem::Stranger),
    }
}

/// What the system said, without the layers around it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_who_answers_may_pass() {
        // Taken and given back: nobody listens there.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let Err(ReachProblem::Away(problem)) = ask(&url).await else {
            panic!("nobody answers");
        };
        assert!(problem.contains("refused"), "{problem}");
    }
}
