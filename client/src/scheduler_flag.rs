//! The flag that names the scheduler.

use clap::Args;

/// The scheduler to talk to unless a flag names another.
pub const DEFAULT_SCHEDULER: &str = "http://127.0.0.1:7700";

/// The scheduler to talk to.
#[derive(Debug, Clone, Args)]
pub struct SchedulerFlag {
    /// URL of the scheduler
    #[arg(
        long,
        value_name = "URL",
        env = "HEAVY_SCHEDULER",
        default_value = DEFAULT_SCHEDULER,
        global = true
    )]
    pub scheduler: String,
}
