//! A load test that was started by hand is its own small command.

use std::process::ExitCode;

use crate::harness::process::Options;
use crate::harness::workflow::Workflow;
use crate::server::listen;

/// Does what the command line says.
pub(crate) fn main(workflows: Vec<Workflow>, options: Options) -> ExitCode {
    listen(workflows, options)
}
