//! All parts of heavy as real processes, with a proxy in each connection that faults happen to, and independent targets.

mod faults;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use heavy_demo_target::{Handle, Options, Target};
use heavy_store::Store;
use heavy_testkit::{FaultProxy, Postgres, TempDir, free_port};
use tokio::runtime::Runtime;

use crate::schedule::{FaultLink, StoreKind};
use crate::service::FaultedService;
use heavy_testkit::SmallDisk;

/// How an arena is made.
#[derive(Debug, Clone)]
pub struct ArenaOptions {
    /// The results database.
    pub store: StoreKind,
    /// Where heavy's programs and the oracle are.
    pub bin_dir: PathBuf,
    /// The size of the disk that a SQLite file is on; `None`: no disk of its own, so that it cannot become full.
    pub disk_bytes: Option<u64>,
    /// How many agents there are.
    pub agents: usize,
}

/// All parts, running.
#[derive(Debug)]
pub struct Arena {
    /// The scheduler.
    pub scheduler: FaultedService,
    /// The collector.
    pub collector: FaultedService,
    /// The agents.
    pub agents: Vec<FaultedService>,
    /// One target for each agent.
    pub targets: Vec<Handle>,
    /// The disk of the database.
    pub disk: Option<SmallDisk>,
    /// The cluster, if the store is one.
    pub postgres: Option<Postgres>,
    /// The runtime on which the store is read.
    pub runtime: Runtime,
    proxies: BTreeMap<FaultLink, FaultProxy>,
    options: ArenaOptions,
    scheduler_addr: SocketAddr,
    database: String,
    // After everything that runs in it.
    dir: TempDir,
}

impl Arena {
    /// Starts all parts.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(options: ArenaOptions) -> anyhow::Result<Self> {
        let dir = TempDir::new("arena");
        for name in ["logs", "ledgers", "home", "agents"] {
            std::fs::create_dir(dir.join(name))?;
        }
        let database_dir = dir.join("database");
        let disk = match options.disk_bytes {
            Some(bytes) if options.store == StoreKind::Sqlite => {
                Some(SmallDisk::mount(&database_dir, bytes)?)
            }
            _ => None,
        };
        std::fs::create_dir_all(&database_dir)?;
        let mut postgres = None;
        let mut proxies = BTreeMap::new();
        let database = match options.store {
            StoreKind::Sqlite => format!("sqlite://{}", database_dir.join("heavy.db").display()),
            StoreKind::Postgres => {
                let cluster = postgres.insert(Postgres::start());
                let upstream = SocketAddr::from(([127, 0, 0, 1], cluster.port()));
                for link in [FaultLink::SchedulerDatabase, FaultLink::CollectorDatabase] {
                    proxies.insert(link, FaultProxy::start(upstream));
                }
                cluster.database().url().to_owned()
            }
        };
        let of_service = |link: FaultLink| match (&postgres, proxies.get(&link)) {
            (Some(cluster), Some(proxy)) => database.replace(
                &format!(":{}/", cluster.port()),
                &format!(":{}/", proxy.addr().port()),
            ),
            _ => database.clone(),
        };
        let [scheduler_addr, collector_addr] =
            [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let scheduler = scheduler(
            &options,
            &dir,
            "scheduler",
            scheduler_addr,
            &of_service(FaultLink::SchedulerDatabase),
        );
        let collector = collector(
            &options,
            &dir,
            collector_addr,
            &of_service(FaultLink::CollectorDatabase),
        );
        let mut arena = Self {
            scheduler,
            collector,
            agents: Vec::new(),
            targets: targets(options.agents)?,
            disk,
            postgres,
            runtime: Runtime::new()?,
            proxies,
            options,
            scheduler_addr,
            database,
            dir,
        };
        for n in 0..arena.options.agents {
            arena.add_agent(n, collector_addr);
        }
        arena.collector.start()?;
        arena.scheduler.start()?;
        for agent in &mut arena.agents {
            agent.start()?;
        }
        Ok(arena)
    }

    fn add_agent(&mut self, n: usize, collector: SocketAddr) {
        let [to_scheduler, to_collector] = [
            (FaultLink::AgentScheduler(n), self.scheduler_addr),
            (FaultLink::AgentCollector(n), collector),
        ]
        .map(|(link, upstream)| {
            let proxy = FaultProxy::start(upstream);
            let url = proxy.url();
            self.proxies.insert(link, proxy);
            url
        });
        let args = [
            ("--name", agent_name(n)),
            ("--scheduler", to_scheduler),
            ("--collector", to_collector),
            ("--data-dir", self.agent_dir(n).display().to_string()),
            // Load tests keep their ledgers outside of their directories.
            ("--sandbox", "basic".to_owned()),
        ];
        self.agents.push(FaultedService::new(
            self.program("heavy-agent"),
            flags(&args),
            self.log(&agent_name(n)),
            &self.dir.join("home"),
            "connected to",
        ));
    }

    /// A second scheduler on the same database, with a data directory of its own; not started.
    #[must_use]
    pub fn second_scheduler(&self) -> FaultedService {
        let addr = SocketAddr::from(([127, 0, 0, 1], free_port()));
        scheduler(&self.options, &self.dir, "second-scheduler", addr, &self.database)
    }

    /// The URL of the scheduler, without a proxy.
    #[must_use]
    pub fn scheduler_url(&self) -> String {
        format!("http://{}", self.scheduler_addr)
    }

    /// The URL of the store, without a proxy.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The directory of everything.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The data directory of an agent.
    #[must_use]
    pub fn agent_dir(&self, n: usize) -> PathBuf {
        self.dir.join("agents").join(agent_name(n))
    }

    /// A program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.options.bin_dir.join(name)
    }

    /// The log of a part.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.dir.join("logs").join(format!("{name}.log"))
    }

    /// The store, without a proxy; opened anew, since its database may have been killed.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn store(&self) -> anyhow::Result<Arc<dyn Store>> {
        let store = self.runtime.block_on(heavy_store::open_to_read(&self.database));
        store.context("cannot read the results database")
    }

    /// The proxy in a connection.
    ///
    /// # Panics
    /// When there is none: SQLite has no connections.
    #[must_use]
    pub fn proxy(&self, link: FaultLink) -> &FaultProxy {
        &self.proxies[&link]
    }

    /// How many requests all targets have received.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.targets.iter().map(|target| target.stats().requests).sum()
    }

    /// When all targets received their requests: ns of the monotonic clock, ascending.
    #[must_use]
    pub fn arrivals_ns(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.targets.iter().flat_map(Handle::arrivals_ns).collect();
        all.sort_unstable();
        all
    }
}

/// The reading of the clock by which targets stamp arrivals.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The name of an agent.
#[must_use]
pub fn agent_name(n: usize) -> String {
    format!("a{n}")
}

fn scheduler(
    options: &ArenaOptions,
    dir: &TempDir,
    name: &str,
    addr: SocketAddr,
    database: &str,
) -> FaultedService {
    let mut args = vec!["serve".to_owned()];
    args.extend(flags(&[
        ("--listen", addr.to_string()),
        ("--database", database.to_owned()),
        ("--data-dir", dir.join(name).display().to_string()),
    ]));
    let log = dir.join("logs").join(format!("{name}.log"));
    FaultedService::new(
        options.bin_dir.join("heavy-sched"),
        args,
        log,
        &dir.join("home"),
        "listening on",
    )
}

fn collector(options: &ArenaOptions, dir: &TempDir, addr: SocketAddr, database: &str) -> FaultedService {
    let args = flags(&[
        ("--listen", addr.to_string()),
        ("--database", database.to_owned()),
    ]);
    let log = dir.join("logs").join("collector.log");
    FaultedService::new(
        options.bin_dir.join("heavy-collector"),
        args,
        log,
        &dir.join("home"),
        "listening on",
    )
}

fn flags(pairs: &[(&str, String)]) -> Vec<String> {
    pairs
        .iter()
        .flat_map(|(name, value)| [(*name).to_owned(), value.clone()])
        .collect()
}

fn targets(count: usize) -> anyhow::Result<Vec<Handle>> {
    let start = |_| {
        Ok(Target::start(
            TcpListener::bind("127.0.0.1:0")?,
            Options::default(),
        )?)
    };
    (0..count).map(start).collect()
}
