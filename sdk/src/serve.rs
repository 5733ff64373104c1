//! The `main` of a load test.

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use heavy_load::exit_code::WRONG_USAGE;
use heavy_plugin::ENV_RPC_FD;
use heavy_plugin::hello::Hello;

use crate::Error;
use crate::harness::shared::{HarnessOptions, SDK};
use crate::harness::spawned::serve_stdin;
use crate::harness::stdio::complain;
use crate::harness::workflow::Workflow;
use crate::listen::{exit_code, listen};
use crate::server::Server;
use crate::standalone;

/// The `main` of a load test: serves the agent that spawned the process or, without one, runs the command line (`--help`
/// describes it).
///
/// Takes a [`Server`], or a `Result` of one: with an `Err` it prints the error and returns the exit code 1, and a job fails with
/// the error, as when [`init`](crate::Runner::init) fails.
///
/// ```no_run
/// use heavy_sdk::Feed;
/// use heavy_sdk::prelude::*;
/// # struct Login(Feed<String>);
/// # impl Runner for Login { async fn run(&self, _: &Context) -> Result<()> { Ok(()) } }
///
/// fn server() -> Result<Server> {
///     Ok(Server::named("login", Login(Feed::csv("accounts.csv")?)))
/// }
///
/// fn main() -> ExitCode {
///     heavy_sdk::serve(server())
/// }
/// ```
#[must_use]
pub fn serve(server: impl IntoServer) -> ExitCode {
    let (workflows, options) = match parts(server) {
        Ok(parts) => parts,
        Err(code) => return code,
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
pub fn start_listener(server: impl IntoServer) -> ExitCode {
    match parts(server) {
        Ok((workflows, options)) => listen(workflows, options),
        Err(code) => code,
    }
}

/// What [`serve`] and [`start_listener`] take: a [`Server`], or a `Result` of one.
pub trait IntoServer: sealed::Sealed {
    /// The server, or why there is none.
    ///
    /// # Errors
    /// The error of the `Result`.
    fn into_server(self) -> crate::Result<Server>;
}

impl IntoServer for Server {
    fn into_server(self) -> crate::Result<Server> {
        Ok(self)
    }
}

impl<E: Into<Error>> IntoServer for Result<Server, E> {
    fn into_server(self) -> crate::Result<Server> {
        self.map_err(Into::into)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Server {}
    impl<E> Sealed for Result<super::Server, E> {}
}

/// The workflows and options, or the exit code once the error is reported.
fn parts(server: impl IntoServer) -> Result<(Vec<Workflow>, HarnessOptions), ExitCode> {
    let server = server.into_server().map_err(|error| {
        let error = format!("{error:#}");
        complain(&error);
        if env::var_os(ENV_RPC_FD).is_some() {
            // Without a reader there is no agent to tell.
            let hello = Hello::new(SDK).with_error(error).to_line();
            let _ = writeln!(io::stdout(), "{hello}");
        }
        ExitCode::FAILURE
    })?;
    server.into_parts().map_err(|fault| {
        complain(fault);
        ExitCode::from(WRONG_USAGE)
    })
}
