//! What nearly every load test needs: `use heavy_sdk::prelude::*;`.

pub use std::process::ExitCode;

pub use anyhow::Context as _;

pub use crate::{Context, Error, Result, Runner, Sample, Server, Step, bail, ensure, env_or};
