//! The job whose reports are checked: recorded by the real programs in a SQLite file.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Behaviour, Latency, Options, Target};
use heavy_results::summary::Summary;
use heavy_store::QueryResult;
use heavy_testkit::{Run, ServiceProcess, TempDir, binary, eventually};

/// How long iterations are started, the warm-up included.
pub(super) const PLANNED_S: f64 = 5.0;

/// A job that has ended, and where its results are.
#[derive(Debug)]
pub(super) struct Recorded {
    folder: TempDir,
}

impl Recorded {
    pub(super) fn run() -> Self {
        let folder = TempDir::new("exact");
        let options = Options {
            latency: Latency::Lifelike,
            behaviour: Behaviour {
                fail_share: 0.03,
                ..Behaviour::default()
            },
            ..Options::default()
        };
        let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), options).unwrap();
        let up = Run::binary("heavy")
            .args(["up", "--listen", "127.0.0.1:0"])
            .env("HEAVY_DATA_DIR", folder.path());
        let up = ServiceProcess::start("heavy up", up);
        let url = up.url();
        let joining = up.wait_line(|line| line.contains("--collector"));
        let collector = joining
            .split("--collector ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        let second = Run::binary("heavy-agent")
            .args(["--scheduler", &url, "--collector", collector, "--name", "second"])
            .start();
        eventually("two agents are there", Duration::from_secs(30), || {
            let agents = Run::binary("heavy")
                .args(["agents", "--scheduler", &url])
                .finish();
            ["local", "second"]
                .iter()
                .all(|name| agents.stdout.contains(name))
                .then_some(())
        });
        let submit = Run::binary("heavy")
            .arg("submit")
            .arg(binary("shop"))
            .args(["--workflow", "browse=3", "--workflow", "buy", "--agents", "2"])
            .args([
                "--threshold",
                "http_req_duration: p(95)<1h",
                "--threshold",
                "http_req_failed: rate<100%",
            ])
            .args(["--rate", "100", "--stages", "3s:150,1s:0", "--warm-up", "1s"])
            .args([
                "--allow-invalid",
                "--allow-drops",
                "100%",
                "--full",
                "--scheduler",
                &url,
                "--param",
            ])
            .arg(format!("url=http://{}/", target.addr()))
            .finish();
        assert!(submit.stdout.contains("Test ID"), "{submit:?}");
        up.stop().expect_code(0);
        drop(second);
        Self { folder }
    }

    /// `heavy report last --full` in a format.
    pub(super) fn report(&self, format: &str) -> String {
        let report = Run::binary("heavy").args(["report", "last", "--full", "--format", format]);
        report
            .env("HEAVY_DATA_DIR", self.folder.path())
            .finish()
            .expect_code(0)
            .stdout
    }

    pub(super) fn summary(&self) -> Summary {
        serde_json::from_str(&self.report("json")).unwrap()
    }

    /// The answer to a statement.
    pub(super) fn ask(&self, sql: &str) -> QueryResult {
        let url = format!("sqlite://{}", self.folder.path().join("heavy.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = heavy_store::open(&url).await.unwrap();
            let table = store.query(sql, 1_000_000).await.unwrap();
            assert!(!table.truncated);
            table
        })
    }
}
