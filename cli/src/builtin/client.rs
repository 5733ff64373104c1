//! The HTTP client of the built-in load tests: its TLS settings are known only when `init` has read the params.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use heavy_sdk::HttpClient;
use heavy_sdk::http::{Engine, EngineConfig, ExchangeFuture, Request, Target, TlsOptions};

/// The TLS settings of all cores, once they are known.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsSlot(Arc<OnceLock<TlsOptions>>);

impl TlsSlot {
    /// Sets them. Only the first call counts: connections are open then.
    pub(super) fn set(&self, tls: TlsOptions) {
        let _ = self.0.set(tls);
    }

    /// The client of one core.
    pub(super) fn client(&self, config: EngineConfig) -> Rc<dyn HttpClient> {
        Rc::new(LateClient {
            config,
            tls: self.clone(),
            engine: OnceCell::new(),
        })
    }
}

/// An [`Engine`] that is made for the first request.
struct LateClient {
    config: EngineConfig,
    tls: TlsSlot,
    engine: OnceCell<Engine>,
}

impl LateClient {
    fn engine(&self) -> &Engine {
        self.engine.get_or_init(|| {
            let mut config = self.config.clone();
            if let Some(tls) = self.tls.0.get() {
                config.tls = tls.clone();
            }
            Engine::new(config)
        })
    }
}

impl HttpClient for LateClient {
    fn execute(&self, request: Request) -> ExchangeFuture<'_> {
        self.engine().execute(request)
    }

    fn target(&self, url: &str) -> Target {
        self.engine().target(url)
    }

    fn close_group(&self, group: u64) {
        self.engine().close_group(group);
    }
}
