//! A given number of calls, all at once.

use std::sync::Arc;

use super::plan::CallPlan;
use super::run::Beginning;
use super::starter::Starter;
use super::{Error, Options, Work};
use crate::Result;

/// Returns a function that calls `target` a given number of times: all calls are due a few milliseconds after it is called,
/// as many start as [`Options::limit`] allows, and the others are canceled or, by [`Options::when_full`], wait until
/// earlier ones have ended.
///
/// It returns a [`Work`], which ends when all calls have ended, however long that takes: [`Options::grace`] only limits a
/// stop.
///
/// # Errors
/// [`Error::InvalidLimit`]. The function gives [`Error::Busy`] while an earlier amount is at work, and
/// [`Error::Runtime`] if a thread cannot be started.
///
/// ```
/// use heavy_sdk::local::{self, Options, WhenFull};
///
/// let start = local::force(async || Ok(()), Options::default().limit(8).when_full(WhenFull::Queue))?;
/// let report = local::block_on(start(100)?)?;
/// assert_eq!((report.started, report.ok), (100, 100));
/// # Ok::<(), local::Error>(())
/// ```
pub fn force(
    target: impl AsyncFn() -> Result<()> + Send + Sync + 'static,
    options: Options,
) -> Result<impl Fn(u64) -> Result<Work, Error> + Clone + Send + Sync + 'static, Error> {
    let starter = Starter::new(Some(Arc::new(target)), options)?;
    Ok(move |amount| starter.start(CallPlan::AtOnce(amount), Beginning::soon(false)))
}
