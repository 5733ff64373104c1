//! A target with a rate, which can be started and stopped, and the shortest ways to call one.

use std::sync::Arc;
use std::time::Duration;

use super::call::ErasedTarget;
use super::plan::CallPlan;
use super::run::Beginning;
use super::starter::Starter;
use super::{Error, Options, Rate, Report, Work};
use crate::Result;

/// Calls `target` at `rate` for `duration` and returns the report.
///
/// The rate is a [`Rate`] or a text such as `100/s`, `6000/m` or `0.5`. Nothing happens until the future is awaited or
/// given to [`block_on`](super::block_on); dropping it after that cuts the work off.
///
/// # Errors
/// [`Error::InvalidRate`], [`Error::InvalidDuration`] and [`Error::InvalidLimit`] before anything starts;
/// [`Error::Target`] when as many calls have failed as [`Options::stop_on_error`] says; [`Error::Listener`] when a
/// listener failed; [`Error::Runtime`] if a thread cannot be started. `Target` and `Listener` hold the report.
///
/// ```
/// use heavy_sdk::local::{self, Options};
/// use std::time::Duration;
///
/// let options = Options::default().limit(64).stop_on_error(1);
/// let work = local::work("50/s", Duration::from_millis(200), async || heavy_sdk::bail!("no boots"), options);
/// let error = local::block_on(work).unwrap_err();
/// assert_eq!(error.reports()[0].errors["no boots"], error.reports()[0].failed);
/// ```
pub async fn work(
    rate: impl TryInto<Rate, Error: Into<Error>>,
    duration: Duration,
    target: impl AsyncFn() -> Result<()> + Send + Sync + 'static,
    options: Options,
) -> Result<Report, Error> {
    Worker::new(rate, duration, target, options)?.start()?.await
}

/// Returns a function that calls `target` a given number of times: all calls are due a few milliseconds after it is called,
/// as many start as [`Options::limit`] allows, and the others are canceled or, by [`Options::when_full`], wait until
/// earlier ones have ended.
///
/// It returns a [`Work`], which ends when all calls have ended, however long that takes: [`Options::grace`] only limits a
/// stop.
///
/// # Errors
/// [`Error::InvalidLimit`]. The function returns [`Error::Busy`] while an earlier amount is at work, and
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

/// A target with a rate, a duration and options. It does one work at a time; clones are the same worker.
///
/// ```
/// use heavy_sdk::local::{self, Error, Options, Worker};
/// use std::time::Duration;
///
/// let target = async || Ok(());
/// let worker = Worker::new("50/s", Duration::from_secs(60), target, Options::default())?;
/// let work = worker.start()?;
/// assert!(matches!(worker.start(), Err(Error::Busy { .. })));
/// worker.stop(Duration::from_secs(1));
/// let report = local::block_on(work)?;
/// assert_eq!(report.planned, report.started + report.canceled() + report.withdrawn);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Worker {
    starter: Arc<Starter>,
    plan: CallPlan,
}

impl Worker {
    /// A worker; see [`work`](super::work) for the arguments.
    ///
    /// # Errors
    /// [`Error::InvalidRate`], [`Error::InvalidDuration`] or [`Error::InvalidLimit`].
    pub fn new(
        rate: impl TryInto<Rate, Error: Into<Error>>,
        duration: Duration,
        target: impl AsyncFn() -> Result<()> + Send + Sync + 'static,
        options: Options,
    ) -> Result<Self, Error> {
        Self::builder(rate, duration)
            .target(target)
            .options(options)
            .build()
    }

    /// Builds a worker step by step.
    pub fn builder(rate: impl TryInto<Rate, Error: Into<Error>>, duration: Duration) -> Builder {
        Builder {
            rate: rate.try_into().map_err(Into::into),
            duration,
            target: None,
            options: Options::default(),
        }
    }

    /// Begins the work in a few milliseconds, on threads of its own; any thread may call it, with a runtime or without.
    /// After the work has ended, the worker can start again.
    ///
    /// # Errors
    /// [`Error::Busy`] when it is at work; [`Error::Runtime`] if a thread cannot be started.
    pub fn start(&self) -> Result<Work, Error> {
        self.begin(Beginning::soon(false))
    }

    pub(super) fn begin(&self, beginning: Beginning) -> Result<Work, Error> {
        self.starter.start(self.plan.clone(), beginning)
    }

    /// If it is at work, starts no more calls, and cuts off those that still run after `grace`. After several calls, the
    /// shortest grace counts. The [`Work`] from [`Self::start`] returns the report.
    pub fn stop(&self, grace: Duration) {
        self.starter.stop(grace);
    }

    /// Whether it is running, including listeners that still flush.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.starter.is_busy()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.starter.options.name
    }
}

/// What a [`Worker`] is made of.
#[must_use]
pub struct Builder {
    rate: Result<Rate, Error>,
    duration: Duration,
    target: Option<Arc<dyn ErasedTarget>>,
    options: Options,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("rate", &self.rate)
            .field("duration", &self.duration)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// What it calls; required.
    pub fn target(mut self, target: impl AsyncFn() -> Result<()> + Send + Sync + 'static) -> Self {
        self.target = Some(Arc::new(target));
        self
    }

    /// How it works.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The worker.
    ///
    /// # Errors
    /// [`Error::MissingTarget`], [`Error::InvalidRate`], [`Error::InvalidDuration`] or [`Error::InvalidLimit`].
    pub fn build(self) -> Result<Worker, Error> {
        Ok(Worker {
            plan: CallPlan::paced(self.rate?, self.duration)?,
            starter: Starter::new(self.target, self.options)?,
        })
    }
}
