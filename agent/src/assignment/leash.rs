//! Tells a load test how far the agent's lease goes: a frozen or dead agent cannot stop it.

use std::time::Duration;

use heavy_plugin::rpc::{LoadTestClient, Release};
use heavy_process::clock::boottime_ns;
use tarpc::client::RpcError;
use tokio::time::{MissedTickBehavior, interval};

use super::answer;
use crate::link::LoadLease;

/// How often: a lease is renewed about as often.
const EVERY: Duration = Duration::from_secs(1);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Tells it until the lease is lost or the load test gone; any of its workflows will do.
pub(super) async fn keep(client: LoadTestClient, workflow: String, lease: LoadLease) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if lease.is_lost(boottime_ns()) {
            return;
        }
        let extension = Release {
            workflow: workflow.clone(),
            lease_ns: Some(lease.end_ns()),
            ..Release::default()
        };
        match answer::within(ANSWER_LIMIT, |context| client.run(context, extension)).await {
            Ok(_) | Err(RpcError::DeadlineExceeded) => {}
            // Its end is noticed where it is watched.
            Err(_) => return,
        }
    }
}
