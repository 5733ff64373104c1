//! What all cores have in common.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::lease::Lease;
use super::slots::Slots;
use super::workflow::Workflow;
use super::writer::Writer;
use crate::http::{EngineConfig, HeaderName, HttpClient};
use crate::observer::Observer;

/// How an agent sees what load tests are written with.
pub(crate) const SDK: &str = concat!("heavy-sdk ", env!("CARGO_PKG_VERSION"));

/// What the load test's main function chose.
pub(crate) struct HarnessOptions {
    pub(crate) http_client: Box<dyn Fn(EngineConfig) -> Rc<dyn HttpClient> + Send + Sync>,
    pub(crate) close_requests: bool,
    /// Whether every user keeps cookies.
    pub(crate) cookies: bool,
    pub(crate) request_id_header: Option<HeaderName>,
    pub(crate) cores: usize,
    /// Is shown everything that iterations do; none under load.
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl fmt::Debug for HarnessOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HarnessOptions")
            .field("close_requests", &self.close_requests)
            .field("cores", &self.cores)
            .finish_non_exhaustive()
    }
}

/// What all cores have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) workflows: Arc<[Workflow]>,
    pub(crate) options: HarnessOptions,
    pub(crate) slots: Slots,
    pub(crate) writer: Arc<Writer>,
    /// Whether a feed that ends the job has no more rows.
    pub(crate) data_ended: Arc<AtomicBool>,
    /// Until when anything may start.
    pub(crate) lease: Lease,
}
