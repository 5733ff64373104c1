//! A gRPC load test: asks a server for the health of a service. The server is the param `url` or the variable
//! `TARGET_URL`; the service is the param `service`, by default the server itself. Clients that are generated from other
//! .proto files are used alike.

use heavy_sdk::prelude::*;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const PROTOCOL: &str = "grpc";

struct Health;

impl Runner for Health {
    /// Every user has a connection of its own.
    async fn init_user(&self, ctx: &Context) -> Result<()> {
        let url = ctx.param("url").or_else(|| ctx.env("TARGET_URL"));
        let url = url.unwrap_or_else(|| "http://127.0.0.1:50051".to_owned());
        let opening = ctx.sample(PROTOCOL, "connect").url(url.clone());
        match Endpoint::from_shared(url)?.connect().await {
            Ok(channel) => {
                opening.end();
                ctx.set_state(HealthClient::new(channel));
                Ok(())
            }
            Err(error) => Err(opening.fail("connect", error)),
        }
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let client = ctx
            .state::<HealthClient<Channel>>()
            .context("init_user has connected")?;
        let mut client = HealthClient::clone(&client);
        let service = ctx.param("service").unwrap_or_default();

        let sample = ctx
            .sample(PROTOCOL, "grpc.health.v1.Health/Check")
            .method("unary");
        match client.check(HealthCheckRequest { service }).await {
            Ok(answer) => {
                sample.status_text("Ok").end();
                ctx.check("it serves", answer.into_inner().status == 1);
                Ok(())
            }
            Err(status) => {
                let code = status.code();
                let sample = sample.status(code as u16).status_text(format!("{code:?}"));
                Err(sample.fail(format!("{code:?}"), status))
            }
        }
    }
}

fn main() -> ExitCode {
    heavy_sdk::serve(Server::new(Health))
}
