//! The whole of a load test's `main`.

use std::env;
use std::process::ExitCode;

use heavy_plugin::ENV_RPC_FD;

use crate::harness::spawned::serve_stdin;
use crate::harness::stdio::complain;
use crate::listen::{exit_code, listen};
use crate::server::Server;
use crate::standalone;

/// The whole of a load test's `main`: takes orders from the agent that spawned the process, or, started by hand, does
/// what the command line says (`--help` lists it).
#[must_use]
pub fn serve(server: Server) -> ExitCode {
    let (workflows, options) = match server.into_parts() {
        Ok(parts) => parts,
        Err(fault) => {
            complain(fault);
            return ExitCode::from(2);
        }
    };
    match env::var(ENV_RPC_FD).as_deref() {
        Ok("0") => exit_code(serve_stdin(workflows, options)),
        Ok(other) => {
            complain(format_args!(
                "{ENV_RPC_FD} is {other:?}; this version takes orders on 0 (stdin) only"
            ));
            ExitCode::from(2)
        }
        Err(_) => standalone::main(workflows, options),
    }
}

/// Listens for an agent at `HEAVY_RPC_ADDR` or [`RPC_ADDR`], serves it, and returns when it has gone: what the command
/// `serve` of a load test does.
#[must_use]
pub fn start_listener(server: Server) -> ExitCode {
    match server.into_parts() {
        Ok((workflows, options)) => listen(workflows, options),
        Err(fault) => {
            complain(fault);
            ExitCode::from(2)
        }
    }
}
