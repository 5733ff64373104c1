//! Runs jobs under faults until the time is up, judges each, and counts.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use heavy_testkit::ProxyFault;

use crate::arena::{Arena, ArenaOptions, monotonic_ns};
use crate::job::OracleJob;
use crate::judged::JudgedJob;
use crate::schedule::{AGENTS, FaultKind, PlannedFault, PlannedJob, StoreKind};

/// The disk of a SQLite file; what full means.
const DISK_BYTES: u64 = 1 << 30;

/// How long the client may take to end after the load of a job has.
const END_LIMIT: Duration = Duration::from_secs(120);

/// How long an iteration of a user lasts.
const USER_MS: u64 = 50;

/// What a run is.
#[derive(Debug, Clone)]
pub struct ChaosOptions {
    /// New jobs begin for this long.
    pub time: Duration,
    /// What the schedule follows from.
    pub seed: u64,
    /// The results database.
    pub store: StoreKind,
    /// Names of the parts that faults happen to ([`FaultKind::part`]); empty: all.
    pub parts: Vec<String>,
    /// Iterations a second; each has five results.
    pub rate: u64,
    /// Where the programs are.
    pub bin_dir: PathBuf,
}

/// The figures of a run.
#[derive(Debug, Default)]
pub struct ChaosFigures {
    jobs: u64,
    /// SIGKILLs by part.
    kills: BTreeMap<String, u64>,
    /// Other faults by kind.
    others: BTreeMap<String, u64>,
    written: u64,
    lost: u64,
    doubled: u64,
    altered: u64,
    spurious: u64,
    /// Results in writes that were cut off.
    unknown: u64,
    /// What was wrong, with its job.
    faults: Vec<String>,
}

impl ChaosFigures {
    /// Whether nothing was wrong, and something has happened.
    #[must_use]
    pub fn is_right(&self) -> bool {
        let injected: u64 = self.kills.values().chain(self.others.values()).sum();
        self.faults.is_empty() && self.jobs > 0 && injected > 0
    }

    fn count(&mut self, kind: FaultKind) {
        let count = match kind {
            FaultKind::Kill(part) => self.kills.entry(part.name().to_owned()),
            FaultKind::Stop(part) => self.others.entry(format!("stop {}", part.name())),
            FaultKind::Link(_, fault) => self.others.entry(fault_name(fault).to_owned()),
            FaultKind::DiskFull => self.others.entry("disk full".to_owned()),
        };
        *count.or_insert(0) += 1;
    }

    fn add(&mut self, number: u64, judged: &JudgedJob) {
        self.jobs += 1;
        self.written += judged.written();
        self.lost += judged.lost();
        self.doubled += judged.doubled;
        self.altered += judged.altered;
        self.spurious += judged.spurious;
        self.unknown += judged.unknown;
        let faults = judged.faults.iter().map(|fault| format!("job {number}: {fault}"));
        self.faults.extend(faults);
    }
}

impl fmt::Display for ChaosFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<String, u64>| {
            let each: Vec<String> = counts
                .iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            format!("{} ({})", counts.values().sum::<u64>(), each.join(", "))
        };
        writeln!(f, "jobs             {}", self.jobs)?;
        writeln!(f, "SIGKILLs         {}", list(&self.kills))?;
        writeln!(f, "other faults     {}", list(&self.others))?;
        writeln!(
            f,
            "results written  {} (in writes cut off: {})",
            self.written, self.unknown
        )?;
        writeln!(
            f,
            "lost {}  doubled {}  altered {}  spurious {}",
            self.lost, self.doubled, self.altered, self.spurious
        )?;
        for fault in &self.faults {
            writeln!(f, "WRONG: {fault}")?;
        }
        Ok(())
    }
}

const fn fault_name(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::None => "none",
        ProxyFault::BlackHole => "black hole",
        ProxyFault::Reset => "reset",
        ProxyFault::Delay(_) => "delay",
        ProxyFault::Throttle(_) => "throttle",
        ProxyFault::HalfOpen => "half open",
    }
}

/// Runs jobs until the time is up, and prints a line for each.
///
/// # Errors
/// When a part does not start again, or the store cannot be read after the faults have ended.
pub fn run(options: &ChaosOptions) -> anyhow::Result<ChaosFigures> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "seed {}, {:?}, {} results/s",
        options.seed,
        options.store,
        options.rate * 5
    )?;
    let mut arena = Arena::start(ArenaOptions {
        store: options.store,
        bin_dir: options.bin_dir.clone(),
        disk_bytes: (options.store == StoreKind::Sqlite).then_some(DISK_BYTES),
        agents: AGENTS,
    })?;
    let mut figures = ChaosFigures::default();
    let begin = Instant::now();
    for number in 0.. {
        if begin.elapsed() >= options.time {
            break;
        }
        let planned = PlannedJob::new(options.seed, number, options.store, &options.parts);
        let load = if planned.has_users { "users" } else { "rate" };
        writeln!(out, "\njob {number}, {load}, {} s", planned.duration_s)?;
        for fault in &planned.faults {
            writeln!(out, "  {fault}")?;
        }
        let judged = run_job(&mut arena, options, &planned, &mut figures, &mut out)?;
        figures.add(number, &judged);
        if judged.is_right() {
            writeln!(
                out,
                "  right: {} results, {} {}",
                judged.written(),
                judged.state,
                judged.verdict
            )?;
        } else {
            write!(out, "{judged}")?;
        }
        out.flush()?;
    }
    let panicked = arena.panicked().into_iter();
    figures
        .faults
        .extend(panicked.map(|part| format!("{part} has panicked: see its log")));
    writeln!(out, "\nseed {}, {:?}\n{figures}", options.seed, options.store)?;
    Ok(figures)
}

fn run_job(
    arena: &mut Arena,
    options: &ChaosOptions,
    planned: &PlannedJob,
    figures: &mut ChaosFigures,
    out: &mut impl io::Write,
) -> anyhow::Result<JudgedJob> {
    let name = format!("chaos-{}-{}", options.seed, planned.number);
    let job = if planned.has_users {
        let users = (options.rate * USER_MS / 1_000).max(3);
        let flags = format!("--users {users} -d {}s", planned.duration_s);
        OracleJob::new(name, &flags).param("wait_ms", USER_MS)
    } else {
        OracleJob::new(
            name,
            &format!("--rate {} -d {}s", options.rate, planned.duration_s),
        )
    };
    let mut submitted = job.submit(arena)?;
    let begun = submitted.wait_for_load(arena)?;
    let injected = inject(arena, begun, &planned.faults)?;
    let ended = arena.heal()?;
    let code = submitted.exit_code(END_LIMIT)?;
    // What happened when the load was over proves nothing.
    let last_ns = arena.arrivals_ns().last().copied().unwrap_or(0);
    for (at_ns, kind) in injected {
        if at_ns < last_ns {
            figures.count(kind);
        } else {
            writeln!(out, "  not counted, since the load was over: {kind}")?;
        }
    }
    let mut judged = submitted.judge(arena)?;
    writeln!(
        out,
        "  exit {}",
        code.map_or("-".to_owned(), |code| code.to_string())
    )?;
    judged.faults.extend(ended);
    if code.is_none() {
        judged.faults.push("the client did not end".to_owned());
    }
    let open = judged.lost_iterations + judged.unknown_iterations;
    if code == Some(0) && (judged.verdict != "PASS" || open > 0) {
        let fault = "exit code 0 without everything accounted for".to_owned();
        judged.faults.push(fault);
    }
    let discarded = judged.discarded();
    if discarded > 0 {
        // Quotas are far away, and what was written before a SIGKILL is whole.
        let fault = format!("{discarded} results discarded, which none of the faults excuses");
        judged.faults.push(fault);
    }
    Ok(judged)
}

/// Injects faults at their instants, and ends them at theirs; returns those that happened to something, and when: ns of the
/// clock by which targets stamp arrivals.
fn inject(
    arena: &mut Arena,
    begun: Instant,
    faults: &[PlannedFault],
) -> anyhow::Result<Vec<(u64, FaultKind)>> {
    // What happens when: begins and ends.
    let mut events: Vec<(Duration, bool, FaultKind)> = Vec::new();
    for fault in faults {
        events.push((fault.at, true, fault.kind));
        events.push((fault.at + fault.length, false, fault.kind));
    }
    events.sort_by_key(|(at, begins, _)| (*at, *begins));
    let mut injected = Vec::new();
    for (at, begins, kind) in events {
        std::thread::sleep(at.saturating_sub(begun.elapsed()));
        let at_ns = monotonic_ns();
        if !begins {
            arena.end(kind)?;
        } else if arena.begin(kind)? {
            injected.push((at_ns, kind));
        }
    }
    Ok(injected)
}
