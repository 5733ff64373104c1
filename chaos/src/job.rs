//! One job of the oracle: submitted like a user's, awaited, and judged once everything is delivered.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use uuid::Uuid;

use crate::arena::{Arena, agent_name};
use crate::judge::judge;
use crate::judged::JudgedJob;
use crate::report;
use crate::service::{command, end_of, wait_for};

/// How long results may take to be delivered once all faults have ended.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// How long totals and summary may take once all rows are there.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// Results of an iteration besides its real request.
pub const RESULTS: u64 = 4;

/// A job of the oracle.
#[derive(Debug, Clone)]
pub struct OracleJob {
    /// Its name, and that of its directory of ledgers.
    pub name: String,
    /// Flags of its load.
    pub flags: Vec<String>,
    /// Params of the oracle beyond those that every job has.
    pub params: Vec<(String, String)>,
}

impl OracleJob {
    /// A job with these flags of its load, such as `--rate 100 -d 5s`.
    #[must_use]
    pub fn new(name: impl Into<String>, flags: &str) -> Self {
        Self {
            name: name.into(),
            flags: flags.split_whitespace().map(str::to_owned).collect(),
            params: vec![("results".to_owned(), RESULTS.to_string())],
        }
    }

    /// Sets a param of the oracle.
    #[must_use]
    pub fn param(mut self, key: &str, value: impl ToString) -> Self {
        self.params.retain(|(known, _)| known != key);
        self.params.push((key.to_owned(), value.to_string()));
        self
    }

    /// Submits it and follows it, as `heavy-sched submit` does.
    ///
    /// # Errors
    /// When the command cannot be run.
    pub fn submit(&self, arena: &Arena) -> anyhow::Result<SubmittedJob> {
        let ledgers = arena.dir().join("ledgers").join(&self.name);
        fs::create_dir(&ledgers)?;
        let log = arena.log(&self.name);
        let report = arena.dir().join("logs").join(format!("{}.json", self.name));
        let targets = arena.targets.iter().enumerate();
        let targets: serde_json::Map<String, serde_json::Value> = targets
            .map(|(n, target)| (agent_name(n), format!("http://{}/", target.addr()).into()))
            .collect();
        let mut submit = command(&arena.program("heavy-sched"), &arena.dir().join("home"));
        submit
            .args(["--scheduler", &arena.scheduler_url(), "submit"])
            .arg(arena.program("oracle"))
            .args(["--name", &self.name])
            .args(&self.flags)
            .args(["--param", &format!("ledgers={}", ledgers.display())])
            .args([
                "--param",
                &format!("targets={}", serde_json::to_string(&targets)?),
            ])
            .args(["--report", &format!("json={}", report.display())]);
        for (key, value) in &self.params {
            submit.args(["--param", &format!("{key}={value}")]);
        }
        let output = File::create(&log)?;
        let received = arena.received();
        let child = submit
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot run heavy-sched submit")?;
        Ok(SubmittedJob {
            name: self.name.clone(),
            child,
            ledgers,
            report,
            has_targets_alone: true,
            log,
            received,
        })
    }
}

/// A job that was submitted. The command is killed on drop.
#[derive(Debug)]
pub struct SubmittedJob {
    /// Its name.
    pub name: String,
    /// The command that follows it.
    pub child: Child,
    /// Its ledgers.
    pub ledgers: PathBuf,
    /// The JSON report that the command writes at the end.
    pub report: PathBuf,
    /// Whether no other job sends requests at the same time: else the targets' count is not the job's.
    pub has_targets_alone: bool,
    log: PathBuf,
    /// What the targets had received before.
    received: u64,
}

impl SubmittedJob {
    /// Waits until the targets receive requests of it.
    ///
    /// # Errors
    /// When the command ends first, or nothing comes within a minute.
    pub fn wait_for_load(&mut self, arena: &Arena) -> anyhow::Result<Instant> {
        let before = self.received;
        let mut ended = None;
        let begun = wait_for("load", Duration::from_secs(60), || {
            ended = self.child.try_wait().ok().flatten();
            (arena.received() > before || ended.is_some()).then(Instant::now)
        })?;
        if let Some(status) = ended {
            bail!("the job ended before it made load ({status}):\n{}", self.output());
        }
        Ok(begun)
    }

    /// The exit code of the command; `None` if it had to be killed.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn exit_code(&mut self, limit: Duration) -> anyhow::Result<Option<i32>> {
        Ok(end_of(&mut self.child, limit)?)
    }

    /// What the command has printed.
    #[must_use]
    pub fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The id of the job, once it is stored.
    ///
    /// # Errors
    /// When the store cannot be read or does not have the job.
    pub fn id(&self, arena: &Arena) -> anyhow::Result<Uuid> {
        let text = arena.value(&format!("SELECT id FROM jobs WHERE name = '{}'", self.name))?;
        let text = text.with_context(|| format!("the store has no job {}:\n{}", self.name, self.output()))?;
        Ok(text.parse()?)
    }

    /// How many requests the targets have received of it.
    #[must_use]
    pub fn received(&self, arena: &Arena) -> u64 {
        arena.received() - self.received
    }

    /// Waits until the job has ended and everything of it is delivered, then judges it. What did not end or was not
    /// delivered is a fault of the judged job.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn judge(&self, arena: &Arena) -> anyhow::Result<JudgedJob> {
        let id = self.id(arena)?;
        let mut faults = Vec::new();
        let state = format!("SELECT state FROM jobs WHERE id = '{id}'");
        let ended = wait_for("the end of the job", DRAIN_LIMIT, || {
            let state = arena.value(&state).ok()??;
            matches!(&*state, "finished" | "stopped" | "failed").then_some(())
        });
        let delivered = wait_for("everything delivered", DRAIN_LIMIT, || {
            arena.undelivered(id).is_empty().then_some(())
        });
        faults.extend(ended.err().map(|error| error.to_string()));
        if let Err(error) = delivered {
            faults.push(format!("{error}: {}", arena.undelivered(id).join(", ")));
        }
        let deadline = Instant::now() + SETTLE_LIMIT;
        loop {
            let store = arena.store()?;
            let target = self.has_targets_alone.then(|| self.received(arena));
            let judging = judge(&*store, id, &self.ledgers, target);
            let mut judged = arena.runtime.block_on(judging)?;
            // Totals follow the rows a little later.
            if judged.is_right() || Instant::now() > deadline {
                judged.faults.extend(faults);
                judged.faults.extend(self.report_faults(arena, id)?);
                return Ok(judged);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// What is wrong with the report that the command wrote; one that was interrupted or killed writes none.
    fn report_faults(&self, arena: &Arena, id: Uuid) -> anyhow::Result<Vec<String>> {
        let Ok(report) = fs::read(&self.report) else {
            return Ok(Vec::new());
        };
        let stored = arena.value(&format!("SELECT document FROM summaries WHERE job_id = '{id}'"))?;
        let stored = serde_json::from_str(&stored.unwrap_or_default())?;
        Ok(report::differences(&serde_json::from_slice(&report)?, &stored))
    }
}

impl Drop for SubmittedJob {
    fn drop(&mut self) {
        // Fails when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Arena {
    /// The only value of a query; `None` without rows or for NULL.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn value(&self, sql: &str) -> anyhow::Result<Option<String>> {
        let store = self.store()?;
        let found = self.runtime.block_on(store.query(sql, 1))?;
        Ok(found.rows.into_iter().flatten().flatten().next())
    }

    /// The number that a query returns; 0 without one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn number(&self, sql: &str) -> anyhow::Result<u64> {
        let text = self.value(sql)?.unwrap_or_default();
        Ok(text
            .split('.')
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0))
    }

    /// The agents that still have results of a job to deliver.
    #[must_use]
    pub fn undelivered(&self, job: Uuid) -> Vec<String> {
        let has_results = |n: &usize| {
            let dir = self.agent_dir(*n);
            let entries = ["spool", "journal"].map(|name| fs::read_dir(dir.join(name)));
            let mut names = entries
                .into_iter()
                .flatten()
                .flatten()
                .flatten()
                .map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().starts_with(&job.to_string()))
        };
        let agents = (0..self.agents.len()).filter(has_results);
        agents
            .map(|n| format!("{} has results left", agent_name(n)))
            .collect()
    }
}
