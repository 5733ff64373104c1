//! Listening for an agent, in a load test that no agent spawned.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::{env, io};

use heavy_load::exit_code::WRONG_USAGE;
use heavy_plugin::{DEFAULT_RPC_ADDR, ENV_RPC_ADDR};

use crate::harness::shared::HarnessOptions;
use crate::harness::spawned::serve_address;
use crate::harness::stdio::complain;
use crate::harness::workflow::Workflow;

/// The default address at which a load test listens for an agent; `HEAVY_RPC_ADDR` overrides it.
pub const RPC_ADDR: &str = DEFAULT_RPC_ADDR;

/// Listens, serves one agent, and returns when it disconnects.
pub(crate) fn listen(workflows: Vec<Workflow>, options: HarnessOptions) -> ExitCode {
    let text = env::var(ENV_RPC_ADDR).unwrap_or_else(|_| RPC_ADDR.to_owned());
    match address(&text) {
        Ok(address) => exit_code(serve_address(workflows, options, address)),
        Err(fault) => {
            complain(fault);
            ExitCode::from(WRONG_USAGE)
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| format!("invalid listen address {text:?}: expected an address such as {RPC_ADDR}"))?;
    if !address.ip().is_loopback() {
        return Err(format!(
            "{address} is reachable from other machines, which could then run this load test; \
             listen at a loopback address such as {RPC_ADDR}"
        ));
    }
    Ok(address)
}

/// The exit code of a service; prints its error.
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
