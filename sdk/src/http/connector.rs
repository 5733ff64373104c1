//! The task that opens an engine's connections. It is apart from the requests, so that a request that is served
//! otherwise meanwhile, or gives up, does not stop a connect that others can use.

use std::rc::{Rc, Weak};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval};

use super::dial::Dialer;
use super::pool::Pool;

const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Opens what the pool asks for until the pool is gone. The pool bounds how many are under way.
pub(crate) async fn run(pool: Weak<Pool>, dialer: Rc<Dialer>) {
    let Some(wake) = pool.upgrade().map(|pool| pool.wake.clone()) else {
        return;
    };
    let mut connects = FuturesUnordered::new();
    let mut sweep = interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        {
            let Some(pool) = pool.upgrade() else { return };
            while let Some(origin) = pool.next_to_connect() {
                let dialer = dialer.clone();
                connects.push(async move {
                    let dialed = dialer.dial(&origin.key).await;
                    (origin, dialed)
                });
            }
        }
        tokio::select! {
            Some((origin, dialed)) = connects.next() => {
                let Some(pool) = pool.upgrade() else { return };
                pool.connected(&origin, dialed);
            }
            () = wake.notified() => {}
            _ = sweep.tick() => {
                let Some(pool) = pool.upgrade() else { return };
                pool.sweep();
            }
        }
    }
}
