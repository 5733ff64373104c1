//! The command line of clients: the verbs of `heavy-sched`, which `heavy` has too.
//!
//! [`Verb`] is what can be typed, [`run`] does it and returns the exit code. Programs that submit by themselves use
//! [`Program::open`], [`LoadFlags::to_plan`] (or [`LoadFlags::merge`] and [`Plan::for_program`]), [`run_plan`] and [`report`], or the parts of these.

mod called;
mod configs;
mod control;
mod deletion;
mod display;
mod ended;
mod error;
mod events;
mod excerpt;
pub mod exit;
mod files;
mod flags;
pub mod follow;
mod from_env;
mod help;
mod home;
mod homes;
mod http;
mod job_file;
mod live;
pub mod load_keys;
mod logs;
mod output;
mod plan;
mod program;
mod provenance;
mod remote;
mod report_file;
mod rerun;
mod scheduler_flag;
mod status;
mod storage;
mod submit;
mod tables;
mod team;
mod verbs;
mod watch;

pub use called::CalledAs;
pub use configs::{ConfigVerb, SaveArgs};
pub use control::{ControlPlace, stop_all};
pub use display::ProgressDisplay;
pub use ended::of_ended;
pub use error::Error;
pub use excerpt::Fault;
pub use files::{FileFlags, LocalFile, check_pattern};
pub use flags::{LoadFlags, pair};
pub use from_env::FromEnv;
pub use help::with_short_help;
pub use home::{DatabaseHome, JobHome};
pub use homes::Homes;
pub use logs::LogsArgs;
pub use output::stdout_style;
pub use plan::{Plan, announce, env_file};
pub use program::Program;
pub use remote::Remote;
pub use report_file::ReportFile;
pub use rerun::RerunArgs;
pub use scheduler_flag::{DEFAULT_SCHEDULER, SchedulerFlag};
pub use storage::DataPlace;
pub use submit::{SubmitArgs, plan_of_config, report, run_plan};
pub use team::{TeamFlags, for_one_agent};
pub use verbs::{JobsArgs, Needs, Verb, look, run};
pub use watch::Watch;
