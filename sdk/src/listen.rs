//! Serving an agent that connects to an address, for a load test that none has spawned.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::{env, io};

use heavy_plugin::{DEFAULT_RPC_ADDR, ENV_RPC_ADDR};

use crate::harness::shared::Options;
use crate::harness::spawned::serve_address;
use crate::harness::stdio::complain;
use crate::harness::workflow::Workflow;

/// Where a load test that was started by hand listens for an agent, unless `HEAVY_RPC_ADDR` says otherwise.
pub const RPC_ADDR: &str = DEFAULT_RPC_ADDR;

/// Listens where the environment says, serves one agent, and returns when it has gone.
pub(crate) fn listen(workflows: Vec<Workflow>, options: Options) -> ExitCode {
    let text = env::var(ENV_RPC_ADDR).unwrap_or_else(|_| RPC_ADDR.to_owned());
    match address(&text) {
        Ok(address) => exit_code(serve_address(workflows, options, address)),
        Err(fault) => {
            complain(fault);
            ExitCode::from(2)
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| format!("{text:?} is no address to listen at; write one like {RPC_ADDR}"))?;
    if !address.ip().is_loopback() {
        return Err(format!(
            "{address} can be reached from other machines, and whoever reaches it can run this load test; \
             listen at a loopback address like {RPC_ADDR}"
        ));
    }
    Ok(address)
}

/// Complains about a service that failed.
pub(crate) fn exit_code(served: io::Result<()>) -> ExitCode {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_listened_at() {
        assert!(address("127.0.0.1:0").is_ok());
        assert!(address("[::1]:9999").is_ok());
        assert!(address("0.0.0.0:9999").unwrap_err().contains("loopback"));
        assert!(address("localhost").unwrap_err().contains("127.0.0.1:9999"));
    }
}
