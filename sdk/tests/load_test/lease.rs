//! What a load test does by itself when its agent's lease ends: the agent may be frozen, and the load somebody else's.

use std::time::Duration;

use heavy_plugin::rpc::{ClosedSetup, Release};
use heavy_sdk::http::monotonic_ns;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::child::{Child, deadline};

const SOON: Duration = Duration::from_millis(300);
const FAR: Duration = Duration::from_secs(3600);

/// This far ahead on the clock of leases.
fn in_ns(ahead: Duration) -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64 + ahead.as_nanos() as u64
}

async fn extend(child: &Child, release: Release, ahead: Duration) {
    let release = Release {
        workflow: "slow".to_owned(),
        lease_ns: Some(in_ns(ahead)),
        ..release
    };
    child.client.run(deadline(), release).await.unwrap().unwrap();
}

#[tokio::test]
async fn users_are_cut_off_at_its_end_and_go_on_when_it_is_renewed() {
    let child = Child::prepared_with("slow", json!({"ms": 3_600_000}), |setup| {
        setup.workflows[0].closed = Some(ClosedSetup::default());
    })
    .await;
    let now_ns = monotonic_ns() - child.anchor.monotonic_ns;
    let users = (0..2).map(|user| (user, now_ns, u64::MAX / 2)).collect();
    let release = Release {
        users,
        ..Release::default()
    };
    extend(&child, release, SOON).await;
    child.running("slow", 2).await;
    child.wait_for_line("\"interrupted\":true");
    child.running("slow", 0).await;
    // An older end changes nothing.
    extend(&child, Release::default(), Duration::ZERO).await;
    extend(&child, Release::default(), FAR).await;
    extend(&child, Release::default(), SOON).await;
    child.running("slow", 2).await;
    assert_eq!(child.stop(Duration::ZERO).await.interrupted, 2);
    let left = child.leave().await;
    let cut = left.iterations().iter().filter(|line| line.interrupted).count();
    assert_eq!((cut, left.iterations().len()), (4, 4));
}

#[tokio::test]
async fn what_is_due_past_its_end_is_late() {
    let child = Child::prepared("slow", json!({"ms": 3_600_000})).await;
    let due = |n: u64, ahead: Duration| {
        let now_ns = monotonic_ns() - child.anchor.monotonic_ns;
        vec![(n, now_ns + ahead.as_nanos() as u64)]
    };
    let release = |due| Release {
        due,
        ..Release::default()
    };
    extend(&child, release(due(0, Duration::ZERO)), SOON).await;
    extend(
        &child,
        release(due(1, SOON + Duration::from_millis(50))),
        Duration::ZERO,
    )
    .await;
    child.wait_for_line("\"interrupted\":true");
    child.wait_for_line("\"late\"");
    extend(&child, release(due(2, Duration::ZERO)), FAR).await;
    child.running("slow", 1).await;
    assert_eq!(child.stop(Duration::ZERO).await.interrupted, 1);
    let left = child.leave().await;
    let dropped: Vec<_> = left
        .dropped()
        .iter()
        .map(|line| (line.first, line.count))
        .collect();
    assert_eq!(dropped, [(1, 1)]);
    assert_eq!(left.iterations().len(), 2);
}
