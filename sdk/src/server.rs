//! What a load test's binary offers: one workflow, or several by name.

use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::{env, thread};

use crate::harness::shared::HarnessOptions;
use crate::harness::workflow::Workflow;
use crate::http::{Engine, EngineConfig, HeaderName, HttpClient};
use crate::request_id::REQUEST_ID_HEADER;
use crate::runner::{Runner, Splitter};

/// The name of the workflow of a server that has only one.
const DEFAULT_WORKFLOW: &str = "default";

/// Overrides the number of threads that run iterations; one for each core by default.
const ENV_THREADS: &str = "HEAVY_THREADS";

/// A load test: its workflows, and its HTTP client.
///
/// ```no_run
/// use heavy_sdk::prelude::*;
/// # struct Browse;
/// # impl Runner for Browse { async fn run(&self, _: &Context) -> Result<()> { Ok(()) } }
/// # struct Buy;
/// # impl Runner for Buy { async fn run(&self, _: &Context) -> Result<()> { Ok(()) } }
///
/// fn main() -> ExitCode {
///     heavy_sdk::serve(Server::named("browse", Browse).and("buy", Buy))
/// }
/// ```
#[derive(Debug)]
#[must_use = "a server does nothing before it is given to `serve`"]
pub struct Server {
    workflows: Vec<Workflow>,
    options: HarnessOptions,
    fault: Option<String>,
}

impl Server {
    /// A load test with one workflow, named `default`.
    pub fn new(runner: impl Runner) -> Self {
        Self::named(DEFAULT_WORKFLOW, runner)
    }

    /// A load test with one workflow of this name; [`and`](Self::and) adds more.
    pub fn named(name: impl Into<String>, runner: impl Runner) -> Self {
        let server = Self {
            workflows: Vec::new(),
            options: HarnessOptions {
                http_client: Box::new(|config| Rc::new(Engine::new(config))),
                close_requests: false,
                cookies: false,
                request_id_header: Some(REQUEST_ID_HEADER),
                cores: 1,
                observer: None,
            },
            fault: None,
        };
        server.and(name, runner)
    }

    /// Adds a workflow.
    pub fn and(mut self, name: impl Into<String>, runner: impl Runner) -> Self {
        let name = name.into();
        if name.is_empty() || name.contains(|c: char| c.is_control() || c.is_whitespace() || c == '/') {
            self.fault = Some(format!(
                "invalid workflow name {name:?}: it is empty, or contains a space or a slash"
            ));
        } else if self.workflows.iter().any(|workflow| workflow.name == name) {
            self.fault = Some(format!("duplicate workflow name {name:?}"));
        }
        self.workflows.push(Workflow {
            name,
            runner: Arc::new(runner),
            splitter: None,
        });
        self
    }

    /// Sets the splitter of the workflow that was added last: it divides its params among agents.
    pub fn splitter(mut self, splitter: impl Splitter) -> Self {
        if let Some(workflow) = self.workflows.last_mut() {
            workflow.splitter = Some(Box::new(splitter));
        }
        self
    }

    /// Replaces the HTTP client. Every core creates one, from the settings of the default client.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use heavy_sdk::http::{Engine, EngineConfig};
    /// # use heavy_sdk::prelude::*;
    /// # fn with(server: Server) -> Server {
    /// server.http_client(|mut config: EngineConfig| {
    ///     config.tls.accept_invalid_certificates(true);
    ///     Rc::new(Engine::new(config))
    /// })
    /// # }
    /// ```
    pub fn http_client(
        mut self,
        make: impl Fn(EngineConfig) -> Rc<dyn HttpClient> + Send + Sync + 'static,
    ) -> Self {
        self.options.http_client = Box::new(make);
        self
    }

    /// Whether every request opens its own connection and closes it. By default connections are kept alive, as browsers
    /// and services do: a test that opens one per request measures handshakes, and soon runs out of ports.
    pub fn close_requests(mut self, close: bool) -> Self {
        self.options.close_requests = close;
        self
    }

    /// Whether every user keeps the cookies that servers set, and sends them back, as a browser does: in `init_user` and in all
    /// of its iterations, until the user leaves. By default none are kept. A request with a `cookie` header of its own sends
    /// only that.
    ///
    /// Domain, path, `Secure`, `Max-Age` and `Expires` count as in RFC 6265; there is no list of public suffixes. A user keeps
    /// at most 200 cookies, 50 for a domain, of 4 KiB each and 64 KiB together; the metric `heavy_cookies_dropped` counts what
    /// exceeds that.
    pub fn cookies(mut self, keep: bool) -> Self {
        self.options.cookies = keep;
        self
    }

    /// Sets the header that carries the request ID, which is stored with the result and finds the request in the target's
    /// logs. The default is `x-request-id`; `None` sends no ID. A request that already has the header keeps its value.
    pub fn request_id_header(mut self, name: Option<&str>) -> Self {
        match name.map(HeaderName::try_from).transpose() {
            Ok(name) => self.options.request_id_header = name,
            Err(_) => {
                let name = name.unwrap_or_default();
                self.fault = Some(format!("invalid header name {name:?}"));
            }
        }
        self
    }

    /// The workflows and options, or what is wrong with them.
    pub(crate) fn into_parts(mut self) -> Result<(Vec<Workflow>, HarnessOptions), String> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.options.cores = cores(env::var(ENV_THREADS).ok().as_deref())?;
        Ok((self.workflows, self.options))
    }
}

/// How many threads run iterations.
fn cores(asked: Option<&str>) -> Result<usize, String> {
    match asked {
        None => Ok(thread::available_parallelism().map_or(1, NonZero::get)),
        Some(text) => match text.parse() {
            Ok(cores @ 1..=1_024) => Ok(cores),
            _ => Err(format!(
                "invalid {ENV_THREADS} {text:?}: expected a number of threads from 1 to 1024"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Runner for Nothing {
        async fn run(&self, _: &crate::Context) -> crate::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn names_of_workflows_are_checked() {
        assert!(
            Server::named("browse", Nothing)
                .and("buy", Nothing)
                .into_parts()
                .is_ok()
        );
        for (server, part) in [
            (
                Server::named("a", Nothing).and("a", Nothing),
                "duplicate workflow name",
            ),
            (Server::named("", Nothing), "empty"),
            (Server::named("a b", Nothing), "space"),
            (Server::new(Nothing).request_id_header(Some("a b")), "header"),
        ] {
            let fault = server.into_parts().unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn the_number_of_threads_is_checked() {
        assert_eq!(cores(Some("3")), Ok(3));
        for text in ["0", "-1", "many", "100000"] {
            assert!(cores(Some(text)).is_err(), "{text}");
        }
    }
}
