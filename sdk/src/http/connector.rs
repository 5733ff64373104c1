//! The task that opens an engine's connections. It is apart from the requests, so that a request that is served
//! otherwise meanwhile, or gives up, does not stop a connect that others can use.

use std::iter;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval};

use super::dial::Dialer;
use super::pool::Pool;

const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// So many connects are begun between two looks at what has arrived: each answer frees a connection, and the request
/// that gets it needs no new one. Without this, requests that are late all at once get a connection each, and the
/// work of opening them makes the next ones late.
const AT_ONCE: usize = 2;

/// Opens what the pool asks for until the pool is gone. The pool bounds how many are under way.
pub(crate) async fn run(pool: Weak<Pool>, dialer: Rc<Dialer>) {
    let Some(wake) = pool.upgrade().map(|pool| pool.wake.clone()) else {
        return;
    };
    let mut connects = FuturesUnordered::new();
    let mut sweep = interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut may_begin = true;
    let mut look = pin!(yield_now());
    loop {
        if may_begin {
            let Some(pool) = pool.upgrade() else { return };
            for origin in iter::from_fn(|| pool.next_to_connect()).take(AT_ONCE) {
                may_begin = false;
                let dialer = dialer.clone();
                connects.push(async move {
                    let dialed = dialer.dial(&origin.key).await;
                    (origin, dialed)
                });
            }
            look.set(yield_now());
        }
        tokio::select! {
            biased;
            Some((origin, dialed)) = connects.next() => {
                let Some(pool) = pool.upgrade() else { return };
                pool.connected(&origin, dialed);
            }
            () = &mut look, if !may_begin => may_begin = true,
            () = wake.notified(), if may_begin => {}
            _ = sweep.tick() => {
                let Some(pool) = pool.upgrade() else { return };
                pool.sweep();
            }
        }
    }
}
