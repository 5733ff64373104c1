//! What the iterations of one core share: all that a [`Context`](crate::Context) needs of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use super::job::Job;
use super::results::Results;
use crate::http::{HeaderName, HttpClient};
use crate::names::DefaultNames;
use crate::observer::Observer;
use crate::output::Output;

/// Is called with every request of a workflow when it is reported.
pub(crate) trait OnResult: Send + Sync {
    fn on_request(&self, output: &Output<'_>);
}

/// A workflow, as far as results are concerned.
#[derive(Clone)]
pub(crate) struct NamedWorkflow {
    pub(crate) name: String,
    pub(crate) listener: Arc<dyn OnResult>,
}

/// What the iterations of one core share.
pub(crate) struct Resources {
    pub(crate) job: Arc<Job>,
    pub(crate) workflows: Arc<[NamedWorkflow]>,
    pub(crate) client: Rc<dyn HttpClient>,
    /// Whether every user keeps cookies.
    pub(crate) cookies: bool,
    /// The header of request IDs, if they are sent.
    pub(crate) request_id_header: Option<HeaderName>,
    /// By workflow.
    pub(crate) params: RefCell<Vec<Arc<Value>>>,
    pub(crate) names: RefCell<DefaultNames>,
    pub(crate) results: Results,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Whether iterations are being cut off because grace is over.
    pub(crate) interrupting: Cell<bool>,
    /// Whether a feed that ends the job has no more rows.
    pub(crate) data_ended: Arc<AtomicBool>,
}
