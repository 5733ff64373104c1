//! Clients that stand between a load test and the engine, or in for it.

use std::rc::Rc;

use heavy_sdk::http::{
    Engine, EngineConfig, ErrorKind, Exchange, ExchangeFuture, HttpClient, Request, RequestError, Target,
    header,
};

use crate::support::{Server, get, kind, run};

/// Adds a token to every request.
struct Authorized<C>(C);

impl<C: HttpClient> HttpClient for Authorized<C> {
    fn execute(&self, mut request: Request) -> ExchangeFuture<'_> {
        request
            .header_map_mut()
            .insert(header::AUTHORIZATION, "Bearer token".parse().unwrap());
        self.0.execute(request)
    }

    fn target(&self, url: &str) -> Target {
        self.0.target(url)
    }
}

/// Answers from memory.
struct Stub;

impl HttpClient for Stub {
    fn execute(&self, request: Request) -> ExchangeFuture<'_> {
        Box::pin(async move {
            match request.target().path() {
                "/" => Exchange::answered(200, "stub"),
                path => Exchange::refused(RequestError::new(
                    ErrorKind::Other,
                    format!("no answer for {path}"),
                )),
            }
        })
    }
}

#[test]
fn a_client_may_change_what_is_sent() {
    run(async {
        let server = Server::http1().await;
        let client: Rc<dyn HttpClient> = Rc::new(Authorized(Engine::new(EngineConfig::default())));
        let exchange = get(&*client, &server.url("/headers")).await;
        assert!(String::from_utf8_lossy(&exchange.body).contains("authorization: Bearer token"));
    });
}

#[test]
fn a_client_may_do_without_a_network() {
    run(async {
        let client: Rc<dyn HttpClient> = Rc::new(Stub);
        let exchange = get(&*client, "http://nowhere.invalid/").await;
        assert_eq!(
            (exchange.status, &exchange.body[..], exchange.size),
            (200, &b"stub"[..], 4)
        );
        assert_eq!(
            kind(&get(&*client, "http://nowhere.invalid/x").await),
            Some(ErrorKind::Other)
        );
    });
}
