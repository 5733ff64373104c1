//! Several workers together.

use std::pin::pin;

use futures::future::join_all;

use super::run::Beginning;
use super::{Error, Report, Worker};
use crate::Result;

/// Lets workers work together, from one common instant on; returns their reports in their order.
///
/// A worker fails when as many of its calls have failed as its
/// [`stop_on_error`](super::Options::stop_on_error) says, when its target panics, or when one of its listeners fails.
/// The first that does stops all of them: calls that run have the [`grace`](super::Options::grace) of their worker to
/// end. Dropping the future cuts all of them off.
///
/// # Errors
/// [`Error::Target`] or [`Error::Listener`] with the first failure and the reports of all workers; [`Error::Busy`] when
/// one is at work already, or is there twice: then none has begun, or what has is cut off.
///
/// ```
/// use heavy_sdk::local::{self, Options, Worker};
/// use std::time::Duration;
///
/// let worker = |name: &str, rate: &str| {
///     let options = Options::default().name(name).stop_on_error(1);
///     Worker::new(rate, Duration::from_millis(200), async || Ok(()), options)
/// };
/// let farm = local::farm(vec![worker("browse", "50/s")?, worker("buy", "5/s")?]);
/// let reports = local::block_on(farm)?;
/// assert_eq!([reports[0].planned, reports[1].planned], [10, 1]);
/// # Ok::<(), local::Error>(())
/// ```
pub async fn farm(workers: Vec<Worker>) -> Result<Vec<Report>, Error> {
    let beginning = Beginning::soon(true);
    let alarm = &*beginning.alarm;
    let works = workers
        .iter()
        .map(|worker| worker.begin(beginning.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let stops: Vec<_> = works.iter().map(super::Work::stopper).collect();
    let mut reports = pin!(join_all(
        works.into_iter().map(async |mut work| work.report().await)
    ));
    let reports = tokio::select! {
        biased;
        reports = &mut reports => reports,
        () = alarm.rung() => {
            for stop in stops {
                stop();
            }
            reports.await
        }
    };
    alarm.outcome(reports.into_iter().collect::<Result<_, _>>()?)
}
