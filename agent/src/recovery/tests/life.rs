//! The life of an agent on one thread, so that every system call of it has a number: it reads its standard input as
//! a load test's output, says on its standard output what it releases, and what it sends.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use heavy_load::revision::Revision;
use heavy_load::vocabulary::Ended;
use heavy_plugin::hello::Hello;
use heavy_plugin::lines::{LineBuffer, LinePiece};
use heavy_plugin::rpc::Anchor;
use heavy_process::clock::monotonic_ns;
use heavy_results::job::JobSpec;

use crate::data_dir::AgentPaths;
use crate::disk_quota::DiskQuota;
use crate::job_clock::JobClock;
use crate::journal::Journal;
use crate::journal::note::{OrderKind, ReleasedIterations, StartNote};
use crate::journal::output::JournaledOutput;
use crate::results::state::{AccountEnd, ResultsState};
use crate::spool::queue::SpoolQueue;
use crate::spool::start::AssignmentStart;
use crate::spool::writer::SpoolWriter;
use crate::spool::{Spool, SpoolProducer, SpoolStream};

/// 2026-01-01, when the job starts by the wall clock.
const WALL_NS: u64 = 1_767_225_600_000_000_000;

const MS: u64 = 1_000_000;

/// How many times the agent releases iterations, and how many at once; every second time it spools.
pub(super) const STEPS: u64 = 6;
pub(super) const RELEASED: u64 = 5;

/// How a line of the agent begins: the test harness writes to the same output.
pub(super) const SAYS: &str = "agent: ";

/// What the load test writes first.
pub(super) const HELLO: &str = "{\"type\":\"hello\",\"protocol\":1,\"sdk\":\"test\"}\n";

/// What the load test writes of an iteration: a request, and the iteration.
pub(super) fn lines_of(n: u64) -> String {
    let at = format!("2026-01-01T00:00:00.{n:03}Z");
    let request = format!(
        r#"{{"sequenceID":"s{n}","url":"http://h/a","method":"GET","status":200,"size":1,"timestamp":"{at}","duration":1000,"error":null,"workflow":"w","iteration":{n},"requestID":"r{n}"}}"#
    );
    let iteration = format!(
        r#"{{"type":"iteration","workflow":"w","iteration":{n},"userID":"","sequenceID":"s{n}","scheduled":"{at}","lag":0,"duration":2000,"ok":true,"interrupted":false,"error":null,"steps":[],"checks":{{}}}}"#
    );
    format!("{request}\n{iteration}\n")
}

pub(super) fn producer() -> SpoolProducer {
    SpoolProducer {
        job: "job".to_owned(),
        agent: "a".to_owned(),
        epoch: 1,
    }
}

struct Agent {
    journal: Arc<Journal>,
    output: JournaledOutput<File>,
    lines: LineBuffer,
    state: ResultsState,
    queue: Arc<SpoolQueue>,
    sent: [u64; 2],
}

/// Lives in a data directory until the load test has reported everything, and closes its account.
pub(super) fn live(paths: &AgentPaths, output: File) {
    let quota = DiskQuota::new(u64::MAX);
    let dir = paths.journal().join(producer().dir_name().unwrap());
    let journal = Arc::new(Journal::create(&dir, &quota).unwrap());
    let spec = JobSpec::new("a".repeat(64), "1000".parse().unwrap(), "1m".parse().unwrap());
    let revision = Revision::first(&spec.load(), [("a".to_owned(), 1)]);
    // All that is released is due.
    let start_ns = monotonic_ns().saturating_sub(10_000 * MS);
    let anchor = Anchor {
        monotonic_ns: start_ns,
        wall_ns: WALL_NS,
    };
    let clock = JobClock::new(anchor, start_ns);
    let workflows = ["w".to_owned()];
    let start = AssignmentStart::new(&spec, &workflows, (&revision, 0), &clock, (0, 0));
    let mut agent = Agent {
        output: JournaledOutput::new(output, Arc::clone(&journal)),
        journal,
        lines: LineBuffer::default(),
        state: ResultsState::new(&workflows, start.keep()),
        queue: Arc::default(),
        sent: [0, 0],
    };
    agent.state.set_load(|rollup| start.set_load(rollup));
    agent.greet();
    let spool = Spool::create(&paths.spool(), producer(), &start, &quota).unwrap();
    let mut writer = SpoolWriter::new(Arc::clone(&spool), quota);
    agent.begin(clock);
    for step in 0..STEPS {
        agent.release(step * RELEASED);
        let lines = (0..(step + 1) * RELEASED).map(|n| lines_of(n).len() as u64);
        let reported = HELLO.len() as u64 + lines.sum::<u64>();
        while agent.output.mark().end < reported {
            agent.read();
        }
        if step % 2 == 1 {
            agent.state.flush();
            agent.spool(&spool, &mut writer);
        }
    }
    let end = AccountEnd {
        ended: Ended::Finished,
        until_ns: 0,
        clock_offset_ns: 0,
        clock_error_ns: 0,
        sandbox: None,
    };
    agent.state.close(monotonic_ns(), &[], end).unwrap();
    agent.spool(&spool, &mut writer);
}

impl Agent {
    fn greet(&mut self) {
        loop {
            self.lines.read_from(&mut self.output).unwrap();
            if let Some(LinePiece::Line(line)) = self.lines.next_piece()
                && Hello::parse(line).is_some()
            {
                return;
            }
        }
    }

    fn begin(&mut self, clock: JobClock) {
        let at_ns = monotonic_ns();
        let note = StartNote {
            start_monotonic_ns: clock.start_monotonic_ns(),
            anchor_monotonic_ns: clock.anchor().monotonic_ns,
            anchor_wall_ns: clock.anchor().wall_ns,
        };
        self.order(&OrderKind::Start(note));
        self.state.begin(clock, Arc::clone(&self.queue), at_ns);
    }

    fn release(&mut self, first: u64) {
        let due: Vec<(u64, u64)> = (first..first + RELEASED).map(|n| (n, n * MS)).collect();
        self.order(&OrderKind::Release(ReleasedIterations::new(0, &due)));
        say(&format!("releases {first}"));
    }

    fn order(&mut self, order: &OrderKind) {
        let orders = self.journal.append_order(order.clone(), monotonic_ns());
        self.state.order(order, orders);
    }

    fn read(&mut self) {
        self.lines.read_from(&mut self.output).unwrap();
        let mark = self.output.mark();
        self.state.output(&mut self.lines, LineBuffer::next_piece, mark);
        self.state.hand_on(mark.at_ns, mark.at_ns);
    }

    fn spool(&mut self, spool: &Spool, writer: &mut SpoolWriter) {
        writer.turn(self.queue.take_now(), &self.journal, monotonic_ns());
        for stream in SpoolStream::ALL {
            let sent = &mut self.sent[stream as usize];
            while *sent < spool.durable(stream) {
                *sent += 1;
                let (content, crc32c) = spool.read(stream, *sent);
                let content = hex::encode(content);
                say(&format!("sends {} {sent} {crc32c} {content}", stream as usize));
            }
        }
    }
}

fn say(what: &str) {
    let mut out = io::stdout().lock();
    // One write, in a line of its own.
    out.write_all(format!("\n{SAYS}{what}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// The data directory of an agent in a new directory.
pub(super) fn paths(root: &Path) -> AgentPaths {
    AgentPaths::new(root.to_owned())
}
