//! `rerun`: a job again, with the same binary and the same configuration.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use heavy_plugin::ENV_FILES_READ;
use heavy_report::escape;
use heavy_results::job::{JobSpec, JobView, Provenance};

use super::home::JobHome as _;
use super::output::stdout_style;
use super::submit::{detach, report, run_uploaded};
use super::{Error, FileFlags, LoadFlags, Plan, Program, Remote, ReportFile, TeamFlags, plan, provenance};
use heavy_process::signals::Interrupts;

const EXAMPLES: &str = "\
  heavy-sched rerun last
  heavy-sched rerun 0193 --rate 400                only the rate differs
  heavy-sched rerun last --env TOKEN=...           values of variables are not kept with jobs";

/// The job to run again, and what to change.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RerunArgs {
    /// Job: an id, a unique prefix of an id, or `last`
    pub job: String,
    /// The job's binary, if the scheduler no longer has it
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// Return as soon as the job is queued, and print its id
    #[arg(long, env = "HEAVY_DETACH", value_parser = FalseyValueParser::new())]
    pub detach: bool,
    /// Print the summary as JSON
    #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// Show every figure instead of a summary of one screen
    #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
    pub full: bool,
    /// Workflows and agents that override the job's.
    #[command(flatten)]
    pub team: TeamFlags,
    /// Files that override the job's of the same path.
    #[command(flatten)]
    pub files: FileFlags,
    /// Load that overrides the job's.
    #[command(flatten)]
    pub load: LoadFlags,
}

pub(super) async fn run(args: &RerunArgs, scheduler: &str, full_report: &str) -> Result<u8, Error> {
    if args.load.file.is_some() {
        return Err(Error::Usage(
            "a rerun uses the configuration of its job: omit --file, or submit the binary with it".to_owned(),
        ));
    }
    let reports = ReportFile::checked(&args.load.report, args.json)?;
    let files = args.files.gather()?;
    let mut interrupts = Interrupts::take()?;
    let remote = interrupts.race(Remote::connect(scheduler)).await??;
    let JobView { job, .. } = interrupts.race(remote.get(&args.job)).await??;
    let mut spec = job.spec;
    args.team.apply(&mut spec);
    let mut plan = again(&spec, &args.load, &job.id.to_string())?;
    plan.take_along(files)?;
    provide(&remote, args, &plan.spec, &mut interrupts).await?;
    interrupts.race(provide_files(&remote, &plan)).await??;
    if args.detach {
        return detach(&remote, &plan).await;
    }
    let view = run_uploaded(&remote, &plan, &mut interrupts).await?;
    Ok(report(&view, &reports, &stdout_style(args.full, full_report)))
}

/// The job's document with what flags say otherwise.
fn again(spec: &JobSpec, load: &LoadFlags, job: &str) -> Result<Plan, Error> {
    let of_job = &spec.provenance;
    let mut plan = Plan::new(JobSpec {
        run: load.merge(spec)?,
        provenance: Provenance {
            build_id: of_job.build_id.clone(),
            git_commit: of_job.git_commit.clone(),
            ..provenance::of_call()
        },
        ..spec.clone()
    })?;
    if let Some(read) = plan.spec.env.get_mut(ENV_FILES_READ) {
        // No secret, but what tells the load test not to look for files of its own.
        "1".clone_into(read);
    }
    let unknown = plan.spec.blank_env();
    if !unknown.is_empty() {
        return Err(Error::Usage(format!(
            "the scheduler does not keep the values of the job's variables: set {} with --env NAME=VALUE or --env-file",
            escape(&unknown.join(", "))
        )));
    }
    plan::check(&plan.spec)?;
    plan.notes.push(format!("as job {job}"));
    Ok(plan)
}

/// Uploads the binary if the scheduler does not have it.
async fn provide(
    remote: &Remote,
    args: &RerunArgs,
    spec: &JobSpec,
    interrupts: &mut Interrupts,
) -> Result<(), Error> {
    let hash = spec.binary_sha256.get(..12).unwrap_or_default();
    let name = escape(&spec.binary_name);
    if let Some(file) = &args.binary {
        let program = Program::open(file)?;
        if program.sha256 != spec.binary_sha256 {
            return Err(Error::Usage(format!(
                "{} is not the binary of the job ({name}, sha256 {hash}...), but another build: submit it as a new job",
                file.display()
            )));
        }
        return interrupts.race(remote.upload(&program)).await?;
    }
    if interrupts.race(remote.has(&spec.binary_sha256)).await?? {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "the scheduler no longer has the binary {name} (sha256 {hash}...): add --binary FILE if you still have that \
         build"
    )))
}

/// Uploads the files that were named, and checks that the scheduler still has the job's others.
async fn provide_files(remote: &Remote, plan: &Plan) -> Result<(), Error> {
    remote.upload_files(&plan.files).await?;
    for file in &plan.spec.files {
        let named = plan.files.iter().any(|local| local.file.path == file.path);
        if !named && !remote.has(&file.sha256).await? {
            let path = escape(&file.path);
            return Err(Error::Usage(format!(
                "the scheduler no longer has the job's file {path}: add --with {path} if you still have it"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use heavy_load::arrivals::Arrivals;
    use heavy_results::job::RunSpec;

    use super::*;

    #[test]
    fn a_job_is_run_again_as_it_was_but_for_what_flags_say() {
        let mut spec = JobSpec::from_run(RunSpec::default(), "ab".repeat(32), "shop");
        spec.load_spec.rate = Some("40/s".parse().unwrap());
        spec.name = "nightly".to_owned();
        spec.load_spec.arrivals = Some(Arrivals::Poisson);
        spec.execution.seed = Some(7);
        spec.provenance.git_commit = "abc".to_owned();
        let same = again(&spec, &LoadFlags::default(), "0193").unwrap();
        assert_eq!(same.spec.provenance.git_commit, "abc");
        let expected = JobSpec {
            provenance: same.spec.provenance.clone(),
            ..spec.clone()
        };
        assert_eq!(same.spec, expected);
        let mut faster = LoadFlags::default();
        faster.load_spec.0.rate = Some("80/s".parse().unwrap());
        let now = again(&spec, &faster, "0193").unwrap().spec;
        assert_eq!(
            (&*now.describe_load(), now.execution.seed),
            ("80/s at random for 30s", Some(7))
        );
        spec.load_spec.rate = None;
        spec.load_spec.stages = vec!["10s:100".parse().unwrap()];
        let now = again(&spec, &faster, "0193").unwrap().spec;
        assert_eq!(now.describe_load(), "80/s at random for 30s");
    }

    #[test]
    fn variables_have_to_be_given_again() {
        let mut spec = JobSpec::from_run(RunSpec::default(), "ab".repeat(32), "shop");
        spec.load_spec.rate = Some("40/s".parse().unwrap());
        spec.env.insert("TOKEN".to_owned(), JobSpec::BLANK.to_owned());
        let problem = again(&spec, &LoadFlags::default(), "0193")
            .unwrap_err()
            .to_string();
        assert!(problem.contains("set TOKEN with --env"), "{problem}");
        let flags = LoadFlags {
            env: vec![("TOKEN".to_owned(), "x".to_owned())],
            ..LoadFlags::default()
        };
        assert_eq!(again(&spec, &flags, "0193").unwrap().spec.env["TOKEN"], "x");
    }
}
