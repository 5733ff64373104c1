//! Jobs as agents and collectors leave them: roll-ups by second in a database, with latencies as real systems have.

use heavy_load::histogram::Histogram;
use heavy_proto::stats::encode_delta;
use heavy_results::aggregate::{Aggregator, SeriesUpdate};
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::stats::{Delta, Iterations, Requests, Steps};
use heavy_results::verdict::Verdict;
use heavy_store::{Batch, Content, Producer, Store, Stream};
use heavy_testkit::{Database, Postgres, Run, TempDir};
use std::sync::Arc;
use uuid::Uuid;

const SECONDS: u32 = 60;
const START_WALL_NS: u64 = 1_795_297_800_000_000_000;

/// Requests of each endpoint in a second.
const PER_SECOND: u32 = 150;

/// What the second endpoint's times from P97 on are longer by.
pub(crate) const SLOWER: f64 = 1.1;

/// A database with recorded jobs.
pub(crate) struct Recorded {
    folder: TempDir,
    url: String,
    _postgres: Option<Database>,
    runtime: tokio::runtime::Runtime,
    store: Arc<dyn Store>,
}

/// One job to record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    /// Decides the noise, and the order of jobs.
    pub(crate) number: u64,
    /// What the slow endpoint's tail is longer by.
    pub(crate) slower: f64,
    /// What all times are longer by.
    pub(crate) factor: f64,
    /// What the slow endpoint is called.
    pub(crate) cart: &'static str,
    /// How it went.
    pub(crate) verdict: Verdict,
    /// Iterations a second, as they were asked for.
    pub(crate) rate: &'static str,
}

impl Job {
    pub(crate) const fn new(number: u64) -> Self {
        Self {
            number,
            slower: 1.0,
            factor: 1.0,
            cart: "POST /cart",
            verdict: Verdict::Pass,
            rate: "150",
        }
    }

    fn info(&self) -> JobInfo {
        let mut spec = JobSpec::new("a".repeat(64), self.rate.parse().unwrap(), "60s".parse().unwrap());
        spec.name = "checkout".to_owned();
        spec.service = "shop".to_owned();
        JobInfo {
            state: JobState::Finished,
            verdict: Some(self.verdict),
            reason: "as it was recorded".to_owned(),
            started_at_wall_ns: Some(START_WALL_NS),
            ended_at_wall_ns: Some(START_WALL_NS + 60_000_000_000),
            planned: 9000,
            asked_rate: 150.0,
            achieved_rate: Some(150.0),
            load_s: Some(60.0),
            ..JobInfo::queued(self.id(), spec, START_WALL_NS + self.number * 3_600_000_000_000)
        }
    }

    /// The job's id.
    pub(crate) fn id(&self) -> Uuid {
        Uuid::from_u128((0x0193_0000 + u128::from(self.number)) << 96)
    }

    /// What its agent would have reported, second by second.
    fn deltas(&self) -> Vec<Delta> {
        let mut noise = Noise(self.number + 1);
        let mut weather = 0.0;
        (0..SECONDS)
            .map(|second| {
                weather = 0.5 * weather + 0.02 * noise.normal();
                self.delta(second, weather, &mut noise)
            })
            .collect()
    }

    fn delta(&self, second: u32, weather: f64, noise: &mut Noise) -> Delta {
        let mut requests = Vec::new();
        let mut pay = Histogram::default();
        for (name, step, median_ms) in [
            ("GET /items", "", 8.0),
            (self.cart, "", 20.0),
            ("POST /pay", "pay", 60.0),
        ] {
            let mut duration = Histogram::default();
            for _ in 0..PER_SECOND {
                let normal = noise.normal();
                let tail = if name == self.cart && normal > 1.881 {
                    self.slower
                } else {
                    1.0
                };
                let ms = self.factor * tail * median_ms * (0.2 * normal + weather).exp();
                duration.record((ms * 1e6) as u64);
            }
            if step == "pay" {
                pay.merge(&duration);
            }
            requests.push(Requests {
                second,
                workflow: "buy".into(),
                step: step.into(),
                method: name.split(' ').next().unwrap_or_default().into(),
                name: name.into(),
                status: 200,
                duration,
                ..Requests::default()
            });
        }
        let many = u64::from(PER_SECOND);
        Delta {
            complete_before_second: second + 1,
            requests,
            iterations: vec![Iterations {
                second,
                workflow: "buy".into(),
                scheduled: many,
                started: many,
                ok: many,
                duration: pay.clone(),
                response: pay.clone(),
                ..Iterations::default()
            }],
            steps: vec![Steps {
                second,
                workflow: "buy".into(),
                step: "pay".into(),
                duration: pay,
                ..Steps::default()
            }],
            last_ended_ns: u64::from(second + 1) * 1_000_000_000,
            ..Delta::default()
        }
    }
}

impl Recorded {
    /// In a SQLite file, in the data directory.
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new("recorded");
        let url = format!("sqlite://{}", folder.path().join("heavy.db").display());
        Self::open(folder, url, None)
    }

    pub(crate) fn postgres() -> Self {
        let database = Postgres::shared().database();
        let url = database.url().to_owned();
        Self::open(TempDir::new("recorded"), url, Some(database))
    }

    fn open(folder: TempDir, url: String, postgres: Option<Database>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let store = runtime.block_on(heavy_store::open(&url)).unwrap();
        Self {
            folder,
            url,
            _postgres: postgres,
            runtime,
            store,
        }
    }

    /// Records a job, and returns its id.
    pub(crate) fn record(&self, job: Job) -> String {
        let info = job.info();
        let mut fold = Aggregator::new(info.spec.load(), [("one".to_owned(), 1)]);
        self.runtime.block_on(async {
            self.store.create_job(&info).await.unwrap();
            for (sequence, delta) in (1..).zip(job.deltas()) {
                fold.apply("one", 1, &delta);
                let bytes = encode_delta(&delta);
                let batch = Batch {
                    producer: Producer {
                        job: info.id,
                        agent: "one".to_owned(),
                        epoch: 1,
                        stream: Stream::Stats,
                    },
                    sequence,
                    crc32c: 0,
                    content: Content::Encoded {
                        bytes,
                        closing: false,
                    },
                };
                self.store.commit(&batch).await.unwrap();
            }
            let summary = fold.summary(&info, &[], true);
            self.store
                .save_series(info.id, &SeriesUpdate::default(), Some(&summary))
                .await
                .unwrap();
        });
        info.id.to_string()
    }

    /// A job without any results.
    pub(crate) fn record_empty(&self, job: Job) -> String {
        let mut info = job.info();
        info.state = JobState::Failed;
        info.verdict = None;
        info.reason = "no agent came".to_owned();
        self.runtime.block_on(self.store.create_job(&info)).unwrap();
        info.id.to_string()
    }

    /// A command on this database.
    pub(crate) fn heavy(&self, args: &[&str]) -> Run {
        Run::binary("heavy")
            .args(args)
            .env("HEAVY_DATA_DIR", self.folder.path())
            .env("HEAVY_DATABASE", &self.url)
    }

    /// A folder for what commands write.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Normal draws that follow from a seed.
struct Noise(u64);

impl Noise {
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.even().ln()).sqrt() * (std::f64::consts::TAU * self.even()).cos()
    }
}
