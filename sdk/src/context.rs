//! The context of an iteration.

pub(crate) mod inner;

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Result;
use crate::harness::users::Kind;
use crate::http::Target;
use crate::request::cookies::{self, now_s};
use crate::scope::Scope;
use crate::step::Step;
use crate::verbs::verbs;
use inner::ContextState;

/// The context of an iteration: it sends requests, and knows the job's params and the user's state.
///
/// All methods take `&self`, so that you can send requests concurrently with `tokio::join!`.
pub struct Context {
    inner: ContextState,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Context {
    verbs!();

    /// Begins a step: a named part of the iteration with a duration and an outcome of its own.
    ///
    /// It ends when it is dropped, by [`Step::end`], or by itself after [`Step::run`]:
    ///
    /// ```
    /// # use heavy_sdk::prelude::*;
    /// # async fn run(ctx: &Context) -> Result<()> {
    /// let token = ctx.step("login").run(async |step| {
    ///     let answer = step.post("http://127.0.0.1:8080/login").send().await?;
    ///     Ok(answer.json::<serde_json::Value>()?["token"].to_string())
    /// }).await?;
    /// # let _ = token; Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn step(&self, name: impl Into<Cow<'static, str>>) -> Step<'_> {
        self.inner.touch();
        Step::begin(&self.inner, name.into(), Location::caller())
    }

    /// The number of the iteration in the job; `None` in `init` and `cleanup`.
    #[must_use]
    pub fn iteration(&self) -> Option<u64> {
        self.inner.iteration
    }

    /// The sequence ID of the iteration's requests: a fresh UUIDv4.
    #[must_use]
    pub fn sequence_id(&self) -> &str {
        self.inner.sequence_id.as_str()
    }

    /// The ID of the iteration's user, unique in the job.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.inner.user.id
    }

    /// The user's number in the job, from 0, for users of a closed load (`--users`) and for identities (`--unique-users`);
    /// no two agents have the same number at the same time. `None` for users that heavy creates as iterations need them.
    #[must_use]
    pub fn user_number(&self) -> Option<u64> {
        match self.inner.user.kind {
            Kind::Made => None,
            Kind::Identity | Kind::Round(_) => Some(self.inner.user.number),
        }
    }

    /// The name of the workflow.
    #[must_use]
    pub fn workflow(&self) -> &str {
        self.inner.workflow()
    }

    /// The workflow's params as a type of the load test's own.
    ///
    /// # Errors
    /// If they do not match the type; the message names the place.
    #[track_caller]
    pub fn params<T: DeserializeOwned>(&self) -> Result<T> {
        self.inner.note_call(Location::caller());
        T::deserialize(&*self.params_value())
            .with_context(|| format!("cannot parse the params of the workflow {:?}", self.workflow()))
    }

    /// One of the workflow's params as text: a string as it is, anything else as JSON. `None` if it is absent or null.
    #[must_use]
    #[track_caller]
    pub fn param(&self, key: &str) -> Option<String> {
        self.inner.note_call(Location::caller());
        match self.params_value().get(key)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// An environment variable: the job's (`-e KEY=value`) overrides the [env file](crate::Runner::env_file)'s, which
    /// overrides the process's.
    #[must_use]
    #[track_caller]
    pub fn env(&self, key: &str) -> Option<String> {
        self.inner.note_call(Location::caller());
        match self.inner.resources.job.env.get(key) {
            Some(value) => Some(value.clone()),
            None => std::env::var(key).ok(),
        }
    }

    /// Stores a value for the next iterations of this user. It replaces the previous one.
    pub fn set_state<T: 'static>(&self, state: T) {
        *self.inner.user.state.borrow_mut() = Some(Rc::new(state));
    }

    /// The value that this user stored; `None` if there is none, or it has another type.
    #[must_use]
    #[track_caller]
    pub fn state<T: 'static>(&self) -> Option<Rc<T>> {
        self.inner.note_call(Location::caller());
        let state: Rc<dyn Any> = self.inner.user.state.borrow().clone()?;
        state.downcast().ok()
    }

    /// The value of the user's cookie of this name that a request to `url` would carry; see
    /// [`Server::cookies`](crate::Server::cookies).
    #[must_use]
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        let cookies = self.inner.user.cookies.borrow();
        cookies.value(&Target::parse(url), name, now_s())
    }

    /// Sets a cookie of the user as if `url` had answered with this `set-cookie`, such as `consent=yes; Path=/`. Like a browser,
    /// it ignores a cookie that `url` may not set. Without [`Server::cookies`](crate::Server::cookies) no request sends it.
    #[track_caller]
    pub fn set_cookie(&self, url: &str, set_cookie: &str) {
        cookies::set_cookie(&self.scope(), url, set_cookie);
    }

    /// Forgets all of the user's cookies, as a new visitor has none.
    pub fn clear_cookies(&self) {
        self.inner.user.cookies.borrow_mut().clear();
    }

    pub(crate) const fn new(inner: ContextState) -> Self {
        Self { inner }
    }

    pub(crate) const fn inner(&self) -> &ContextState {
        &self.inner
    }

    #[track_caller]
    fn scope(&self) -> Scope<'_> {
        Scope {
            inner: &self.inner,
            call: Location::caller(),
            step: Cow::Borrowed(self.inner.phase.get()),
        }
    }

    fn params_value(&self) -> Arc<Value> {
        Arc::clone(&self.inner.resources.params.borrow()[self.inner.workflow])
    }
}
