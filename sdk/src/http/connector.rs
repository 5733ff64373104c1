//! The task that opens an engine's connections. It is apart from the requests, so that a request that is served
//! otherwise meanwhile, or gives up, does not stop a connect that others can use.

use std::pin::pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::dial::Dialer;
use super::pool::Pool;

/// How often the connector checks whether requests that wait for a connection in use were served.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(1);

const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Opens what the pool asks for until the pool is gone. The pool bounds how many are under way.
///
/// Between two connects it is looked at what has arrived: each answer frees a connection, and the request that gets it
/// needs no new one. Without this, requests that are late all at once get a connection each, and the work of opening them
/// makes the next ones late.
pub(crate) async fn run(pool: Weak<Pool>, dialer: Rc<Dialer>) {
    let Some(openings) = pool.upgrade().map(|pool| pool.openings.clone()) else {
        return;
    };
    let mut connects = FuturesUnordered::new();
    let mut sweep = interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut may_begin = true;
    let mut held_back = false;
    let mut look = pin!(yield_now());
    loop {
        if may_begin {
            let Some(pool) = pool.upgrade() else { return };
            if let Some(origin) = pool.next_to_connect() {
                may_begin = false;
                let dialer = dialer.clone();
                connects.push(async move {
                    let dialed = dialer.dial(&origin.key).await;
                    (origin, dialed)
                });
            }
            look.set(yield_now());
            held_back = pool.held_back.get();
        }
        tokio::select! {
            biased;
            Some((origin, dialed)) = connects.next() => {
                let Some(pool) = pool.upgrade() else { return };
                pool.connected(&origin, dialed);
            }
            () = &mut look, if !may_begin => may_begin = true,
            () = openings.wake.notified(), if may_begin => {}
            () = sleep(LOOK_AGAIN_AFTER), if held_back => {}
            _ = sweep.tick() => {
                let Some(pool) = pool.upgrade() else { return };
                pool.sweep();
            }
        }
    }
}
