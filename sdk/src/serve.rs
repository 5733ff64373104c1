//! The `main` of a load test.

use std::env;
use std::process::ExitCode;

use heavy_load::exit_code::WRONG_USAGE;
use heavy_plugin::ENV_RPC_FD;

use crate::harness::spawned::serve_stdin;
use crate::harness::stdio::complain;
use crate::listen::{exit_code, listen};
use crate::server::Server;
use crate::standalone;

/// The `main` of a load test: serves the agent that spawned the process or, without one, runs the command line (`--help`
/// describes it).
#[must_use]
pub fn serve(server: Server) -> ExitCode {
    let (workflows, options) = match server.into_parts() {
        Ok(parts) => parts,
        Err(fault) => {
            complain(fault);
            return ExitCode::from(WRONG_USAGE);
        }
    };
    match env::var(ENV_RPC_FD).as_deref() {
        Ok("0") => exit_code(serve_stdin(workflows, options)),
        Ok(other) => {
            complain(format_args!(
                "invalid {ENV_RPC_FD} {other:?}: this version supports only 0 (stdin)"
            ));
            ExitCode::from(WRONG_USAGE)
        }
        Err(_) => standalone::main(workflows, options),
    }
}

/// Listens for an agent at `HEAVY_RPC_ADDR` or [`RPC_ADDR`](crate::RPC_ADDR), serves it, and returns when it disconnects. The command
/// `serve` of a load test does the same.
#[must_use]
pub fn start_listener(server: Server) -> ExitCode {
    match server.into_parts() {
        Ok((workflows, options)) => listen(workflows, options),
        Err(fault) => {
            complain(fault);
            ExitCode::from(WRONG_USAGE)
        }
    }
}
