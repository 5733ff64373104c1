//! A load test for the agent's own tests: speaks the protocol by hand and misbehaves as its params say.
//!
//! `mode` is one of: `ok`, `die` (aborts at iteration `at`), `silent` (never writes a line), `stuck` (never answers
//! stop), `noise` (writes lines that are not results), `brood` (leaves children behind), `init-fails`, `drop` (drops every
//! second iteration).

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use heavy_plugin::codec::{self, ServerTransport};
use heavy_plugin::hello::Hello;
use heavy_plugin::line::{DroppedLine, IterationLine, RequestLine};
use heavy_plugin::rpc::{
    Accepted, Description, Failure, LoadTest, Prepared, Release, Setup, Stopped, WorkflowDescription,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tarpc::context::Context;
use tarpc::server::{BaseChannel, Channel, Config};

fn main() -> ExitCode {
    write_out(format!("{}\n", Hello::new("fixture 1").to_line()).as_bytes());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let socket = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .expect("stdin is the socket");
    runtime.block_on(async {
        let socket = UnixStream::from(socket);
        socket.set_nonblocking(true).expect("a socket can be so");
        let socket = tokio::net::UnixStream::from_std(socket).expect("stdin is a socket");
        let transport: ServerTransport<_> = codec::transport(socket);
        let service = Fixture::default();
        BaseChannel::new(Config::default(), transport)
            .execute(service.clone().serve())
            .for_each(async |call| {
                tokio::spawn(call);
            })
            .await;
        if service.mode() == "noise" {
            write_out(b"half a line at the e");
        }
        while service.param("stays") == true {
            std::thread::park();
        }
    });
    ExitCode::SUCCESS
}

fn write_out(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    // The agent reads until this process is gone.
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

#[derive(Debug, Clone, Default)]
struct Fixture {
    setup: Arc<OnceLock<Setup>>,
    /// Released and not yet run.
    pending: Arc<Mutex<Vec<(u64, u64)>>>,
}

impl Fixture {
    fn param(&self, name: &str) -> Value {
        let setup = self.setup.get();
        setup.map_or(Value::Null, |setup| setup.workflows[0].params[name].clone())
    }

    fn mode(&self) -> String {
        self.param("mode").as_str().unwrap_or("ok").to_owned()
    }

    /// Takes an iteration out of the pending ones; false if it was withdrawn.
    fn claim(&self, n: u64) -> bool {
        let mut pending = self.pending.lock().expect("nobody panics");
        let place = pending.iter().position(|(other, _)| *other == n);
        place.map(|place| pending.remove(place)).is_some()
    }

    /// Takes out all that are not yet due, and says how many.
    fn withdraw(&self) -> u64 {
        let anchor = self.setup.get().expect("prepare comes first").anchor;
        let due_by_ns = now_ns() - anchor.monotonic_ns;
        let mut pending = self.pending.lock().expect("nobody panics");
        let before = pending.len();
        pending.retain(|(_, due_ns)| *due_ns <= due_by_ns);
        (before - pending.len()) as u64
    }

    fn run_one(&self, workflow: &str, n: u64, due_ns: u64) {
        let setup = self.setup.get().expect("prepare comes first");
        if self.mode() == "die" && self.param("at").as_u64() == Some(n) {
            let _ = writeln!(io::stderr(), "fatal: the \x1b[31mroof\x1b[0m is on fire");
            std::process::abort();
        }
        if self.mode() == "mute" && self.param("at").as_u64() == Some(n) {
            let nowhere = std::fs::File::create("/dev/null").expect("it is there");
            rustix::stdio::dup2_stdout(nowhere).expect("stdout can be closed");
        }
        if self.mode() == "deaf" && self.param("at").as_u64() == Some(n) {
            loop {
                std::thread::park();
            }
        }
        if self.mode() == "silent" {
            return;
        }
        let mut out = Vec::new();
        if self.mode() == "drop" && n % 2 == 1 {
            let line = DroppedLine {
                workflow: workflow.into(),
                reason: "full".into(),
                count: 1,
                first: n,
                last: n,
            };
            line.write(&mut out);
            return write_out(&out);
        }
        let sequence_id = format!("00000000-0000-4000-8000-{n:012}");
        let scheduled_ns = setup.anchor.wall_ns + due_ns;
        let request = RequestLine {
            sequence_id: sequence_id.as_str().into(),
            url: format!("http://user:SECRET@target/items/{n}?token=SECRET").into(),
            method: "GET".into(),
            status: if n % 10 == 9 { 503 } else { 200 },
            size: 12,
            started_ns: scheduled_ns + 1000,
            duration_ns: 2_000_000,
            workflow: workflow.into(),
            iteration: Some(n),
            ..RequestLine::default()
        };
        request.write(&mut out);
        let iteration = IterationLine {
            workflow: workflow.into(),
            iteration: n,
            sequence_id: sequence_id.as_str().into(),
            scheduled_ns,
            lag_ns: 1000,
            duration_ns: 2_100_000,
            ok: n % 10 != 9,
            error: (n % 10 == 9).then(|| "no luck with http://user:SECRET@target".into()),
            ..IterationLine::default()
        };
        iteration.write(&mut out);
        write_out(&out);
        if let Some(ledger) = self.param("ledger").as_str() {
            count_in(ledger);
        }
    }
}

/// Lines that are not results, and a go-lo line that is one.
fn noise() -> Vec<u8> {
    let mut noise = b"hello from println!\n\0\0\0\n\xff\xfe\n{\"type\":\"mystery\"}\n{\"url\":1}\n".to_vec();
    noise.extend(vec![b'x'; 10 << 20]);
    noise.extend_from_slice(
        b"\n{\"sequenceID\":\"s\",\"url\":\"http://target/go\",\"method\":\"GET\",\"status\":0,\"size\":0,\
          \"timestamp\":\"2026-11-21T09:30:00.5+01:00\",\"duration\":1000.0,\"error\":{\"Op\":\"dial\"}}\n",
    );
    noise
}

/// What does all it can to outlive the load test: in sessions of its own, with parents that are gone, deaf to signals, in
/// an environment and a directory of its own, and by more and more processes, up to a bound.
const HOSTILE: [&str; 5] = [
    "trap '' TERM HUP INT; while :; do sleep 1000; done",
    "setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1000; done' & exit 0",
    "(setsid sh -c '(setsid sleep 1000 &) ; sleep 1000' &) ; exit 0",
    "cd / && exec env -i setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' $0",
    "f() { if [ $1 -gt 0 ]; then f $(($1 - 1)) & f $(($1 - 1)) & fi; while :; do sleep 0.2; done; }; f 5",
];

#[expect(clippy::zombie_processes, reason = "children are left behind")]
fn spawn_shell(script: &str) {
    // By the directory a test finds those that changed theirs.
    let dir = std::env::current_dir().expect("there is one");
    let child = Command::new("sh").args(["-c", script]).arg(dir).spawn();
    child.expect("sh is everywhere");
}

/// Counts an iteration whose lines were written, in a file.
fn count_in(ledger: &str) {
    let file = std::fs::File::options().create(true).append(true).open(ledger);
    file.and_then(|mut file| file.write_all(b"."))
        .expect("the ledger can be written");
}

fn now_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl LoadTest for Fixture {
    async fn describe(self, _: Context) -> Description {
        let workflow = |name: &str| WorkflowDescription {
            name: name.to_owned(),
            splits: false,
        };
        Description {
            sdk: "fixture 1".to_owned(),
            workflows: vec![workflow("one"), workflow("two")],
        }
    }

    async fn prepare(self, _: Context, setup: Setup) -> Result<Prepared, Failure> {
        let _ = self.setup.set(setup);
        match self.mode().as_str() {
            "init-fails" => {
                return Err(Failure {
                    kind: "init".to_owned(),
                    message: "the database of users is empty".to_owned(),
                });
            }
            "brood" => {
                for _ in 0..2 {
                    spawn_shell("trap '' TERM; while :; do sleep 1000; done");
                }
            }
            "hostile" => {
                for script in HOSTILE {
                    spawn_shell(script);
                }
            }
            _ => {}
        }
        Ok(Prepared::default())
    }

    async fn split(self, _: Context, _: String, _: Value, _: u32) -> Result<Vec<Value>, Failure> {
        Ok(Vec::new())
    }

    async fn run(self, _: Context, release: Release) -> Result<Accepted, Failure> {
        let accepted = release.due.len() as u64;
        if self.mode() == "noise" && release.due.iter().any(|(n, _)| *n == 0) {
            write_out(&noise());
        }
        self.pending.lock().expect("nobody panics").extend(&release.due);
        tokio::spawn(async move {
            let anchor = self.setup.get().expect("prepare comes first").anchor;
            for (n, due_ns) in release.due {
                let wait_ns = (anchor.monotonic_ns + due_ns).saturating_sub(now_ns());
                tokio::time::sleep(Duration::from_nanos(wait_ns)).await;
                if !self.claim(n) {
                    continue;
                }
                self.run_one(&release.workflow, n, due_ns);
            }
        });
        Ok(Accepted {
            accepted,
            in_flight: 0,
            done: false,
        })
    }

    async fn params(self, _: Context, _: Value) -> Result<(), Failure> {
        Ok(())
    }

    async fn stop(self, _: Context, _: u64) -> Stopped {
        if self.mode() == "stuck" {
            std::future::pending::<()>().await;
        }
        // What is due is still run by its task; only the rest is withdrawn.
        let withdrawn = self.withdraw();
        while !self.pending.lock().expect("nobody panics").is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Stopped {
            withdrawn,
            interrupted: 0,
        }
    }

    async fn cleanup(self, _: Context) -> Result<(), Failure> {
        Ok(())
    }
}
