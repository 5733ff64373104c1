//! Agents that die after any steps: the next one delivers what they would have delivered.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use heavy_load::revision::Revision;
use heavy_load::vocabulary::Ended;
use heavy_plugin::lines::LineBuffer;
use heavy_plugin::rpc::Anchor;
use heavy_process::clock::monotonic_ns;
use heavy_results::job::JobSpec;
use proptest::prelude::*;

use super::super::left_over;
use super::delivered::{Delivered, collected, delivered};
use super::life::{HELLO, paths, producer};
use super::{directory, numbers_of};
use crate::disk_quota::DiskQuota;
use crate::job_clock::JobClock;
use crate::journal::Journal;
use crate::journal::drain::Appender;
use crate::journal::note::{OrderKind, RefusedSpan, ReleasedIterations, ReleasedUsers, StartNote};
use crate::journal::output::OutputMark;
use crate::results::state::{AccountEnd, ResultsState};
use crate::spool::queue::SpoolQueue;
use crate::spool::start::AssignmentStart;
use crate::spool::writer::SpoolWriter;
use crate::spool::{Spool, SpoolStream};

const WALL_NS: u64 = 1_767_225_600_000_000_000;
const MS: u64 = 1_000_000;

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The agent releases iterations.
    Release(u64),
    /// The load test refuses the next of those that it has not reported.
    Refuse,
    /// The load test reports an iteration, or drops it, or writes something else.
    Report(u8),
    /// The agent reads this number of bytes.
    Read(usize),
    /// Time passes, and the agent looks at its results.
    Pass(u64),
    /// The agent spools what waits.
    Spool,
    /// Nothing counts that becomes due later.
    Freeze,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1u64..6).prop_map(Step::Release),
        1 => Just(Step::Refuse),
        6 => any::<u8>().prop_map(Step::Report),
        4 => (1usize..900).prop_map(Step::Read),
        2 => (1u64..1500).prop_map(Step::Pass),
        2 => Just(Step::Spool),
        1 => Just(Step::Freeze),
    ]
}

/// An agent and its load test.
pub(super) struct World<'a> {
    root: &'a Path,
    journal: Arc<Journal>,
    lines: LineBuffer,
    state: ResultsState,
    queue: Arc<SpoolQueue>,
    pub(super) spool: Arc<Spool>,
    writer: SpoolWriter,
    users: bool,
    at_ns: u64,
    start: AssignmentStart,
    /// All that the load test wrote, and how much of it the agent has read.
    output: Vec<u8>,
    read: usize,
    released: u64,
    told: u64,
}

impl<'a> World<'a> {
    pub(super) fn new(root: &'a Path, users: bool) -> Self {
        let paths = paths(root);
        let quota = DiskQuota::new(u64::MAX);
        let dir = paths.journal().join(producer().dir_name().unwrap());
        let journal = Arc::new(Journal::create(&dir, &quota).unwrap());
        let load = if users { r#""users":3"# } else { r#""rate":"1000""# };
        let spec = format!(
            r#"{{"binary_sha256":"{}",{load},"duration":"1m"}}"#,
            "a".repeat(64)
        );
        let spec = JobSpec::parse(&spec).unwrap();
        let revision = Revision::first(&spec.load(), [("a".to_owned(), 1)]);
        let start_ns = monotonic_ns() - 100_000 * MS;
        let anchor = Anchor {
            monotonic_ns: start_ns,
            wall_ns: WALL_NS,
        };
        let clock = JobClock::new(anchor, start_ns);
        let workflows = ["w".to_owned()];
        let start = AssignmentStart::new(&spec, &workflows, (&revision, 0), &clock, (0, 0));
        let spool = Spool::create(&paths.spool(), producer(), &start, &quota).unwrap();
        let mut world = Self {
            root,
            journal,
            lines: LineBuffer::default(),
            state: ResultsState::new(&workflows, start.keep()),
            queue: Arc::default(),
            writer: SpoolWriter::new(Arc::clone(&spool), quota),
            spool,
            users,
            at_ns: start_ns,
            start,
            output: HELLO.as_bytes().to_vec(),
            read: 0,
            released: 0,
            told: 0,
        };
        world.state.set_load(|rollup| world.start.set_load(rollup));
        // The hello is read before the rest, and does not count as output.
        world.journal.append_output(HELLO.as_bytes(), start_ns);
        world.read = HELLO.len();
        let mark = OutputMark {
            end: HELLO.len() as u64,
            at_ns: start_ns,
        };
        world.state.output(&mut world.lines, LineBuffer::next_piece, mark);
        let note = StartNote {
            start_monotonic_ns: start_ns,
            anchor_monotonic_ns: start_ns,
            anchor_wall_ns: WALL_NS,
        };
        world.order(OrderKind::Start(note));
        world.state.begin(clock, Arc::clone(&world.queue), world.at_ns);
        world
    }

    fn order(&mut self, order: OrderKind) {
        let orders = self.journal.append_order(order.clone(), self.at_ns);
        self.state.order(&order, orders);
    }

    fn job_ns(&self) -> u64 {
        self.at_ns - self.start.clock().start_monotonic_ns()
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Release(count) if self.users => {
                let users: Vec<_> = (0..3.min(*count))
                    .map(|user| (user, self.job_ns(), 60_000 * MS))
                    .collect();
                self.order(OrderKind::Users(ReleasedUsers::new(0, &users)));
            }
            Step::Release(count) => {
                let first = self.job_ns() + 20 * MS;
                let due: Vec<_> = (0..*count).map(|n| (self.released + n, first + n * MS)).collect();
                self.released += count;
                self.order(OrderKind::Release(ReleasedIterations::new(0, &due)));
            }
            Step::Refuse => {
                if self.told < self.released {
                    let span = (self.told, self.told, 1);
                    self.told += 1;
                    self.order(OrderKind::Refused(RefusedSpan::new(0, span)));
                }
            }
            Step::Report(fate) => self.report(*fate),
            Step::Read(bytes) => self.read(*bytes, self.at_ns),
            Step::Pass(ms) => {
                self.at_ns += ms * MS;
                self.state.hand_on(self.at_ns, self.at_ns);
            }
            Step::Spool => self.writer.turn(self.queue.take_now(), &self.journal, self.at_ns),
            Step::Freeze => self.order(OrderKind::Freeze(self.at_ns)),
        }
    }

    fn report(&mut self, fate: u8) {
        let n = self.told;
        let at_ns = self.job_ns();
        let (s, ns) = (at_ns / 1_000_000_000, at_ns % 1_000_000_000);
        let at = format!("2026-01-01T00:{:02}:{:02}.{ns:09}Z", s / 60, s % 60);
        let mut text = String::new();
        let (status, ok) = if fate.is_multiple_of(3) {
            (500, false)
        } else {
            (200, true)
        };
        match fate % 8 {
            0 => writeln!(text, "no result at {}", self.output.len()).unwrap(),
            1 => writeln!(
                text,
                r#"{{"type":"metric","name":"m","kind":"counter","value":{fate},"step":""}}"#
            )
            .unwrap(),
            2 if !self.users && n < self.released => {
                self.told += 1;
                writeln!(
                    text,
                    r#"{{"type":"dropped","workflow":"w","reason":"full","count":1,"first":{n},"last":{n}}}"#
                )
                .unwrap();
            }
            3 => writeln!(text, "{}", "x".repeat(3000 + self.output.len() % 97)).unwrap(),
            _ if self.users || n < self.released => {
                self.told += 1;
                writeln!(text, r#"{{"sequenceID":"s{n}","url":"http://h/p{}","method":"GET","status":{status},"size":9,"timestamp":"{at}","duration":1000,"error":null,"workflow":"w","iteration":{n},"requestID":"r{n}"}}"#, fate % 5).unwrap();
                writeln!(text, r#"{{"type":"iteration","workflow":"w","iteration":{n},"userID":"{}","sequenceID":"s{n}","scheduled":"{at}","lag":{fate},"duration":2000,"ok":{ok},"interrupted":{},"error":null,"steps":[{{"name":"t","duration":5,"ok":true}}],"checks":{{"c":[1,{}]}}}}"#, fate % 3, fate % 16 == 7, fate % 2).unwrap();
            }
            _ => {}
        }
        self.output.extend_from_slice(text.as_bytes());
    }

    fn read(&mut self, bytes: usize, at_ns: u64) {
        let end = (self.read + bytes).min(self.output.len());
        if end == self.read {
            return;
        }
        let end_mark = self.journal.append_output(&self.output[self.read..end], at_ns);
        let mut piece = &self.output[self.read..end];
        self.read = end;
        while !piece.is_empty() {
            self.lines.read_from(&mut piece).unwrap();
            let mark = OutputMark {
                end: end_mark - piece.len() as u64,
                at_ns,
            };
            self.state.output(&mut self.lines, LineBuffer::next_piece, mark);
        }
    }

    /// The agent lives: it reads the rest, and closes the account of a load test that died.
    pub(super) fn lives(mut self) -> Delivered {
        let at_ns = monotonic_ns();
        self.read(usize::MAX >> 1, at_ns);
        let mark = OutputMark {
            end: self.read as u64,
            at_ns,
        };
        self.state.output(&mut self.lines, LineBuffer::rest, mark);
        let end = AccountEnd {
            ended: Ended::Died,
            until_ns: 0,
            clock_offset_ns: 0,
            clock_error_ns: 0,
            sandbox: None,
        };
        self.state.close(at_ns, &[], end).unwrap();
        self.writer.turn(self.queue.take_now(), &self.journal, self.at_ns);
        delivered(&collected(&self.spool))
    }

    /// The agent dies: its supervisor reads the rest, and the next agent goes on.
    pub(super) fn dies(self) -> Arc<Spool> {
        let journal = paths(self.root).journal().join(producer().dir_name().unwrap());
        let rest = self.output[self.read..].to_vec();
        let root = self.root;
        drop((self.state, self.writer, self.spool, self.queue));
        let mut appender = Appender::open(&journal).unwrap();
        for piece in rest.chunks(700) {
            appender.append_output(piece);
        }
        appender.ended();
        let mut spools = left_over(&paths(root), &DiskQuota::new(u64::MAX));
        assert!(!journal.exists());
        spools.swap_remove(0)
    }
}

#[test]
fn rows_that_were_spooled_are_not_spooled_again_if_the_journal_lacks_the_end_of_what_they_cover() {
    let dir = directory();
    let mut world = World::new(dir.path(), false);
    let journal = paths(dir.path()).journal().join(producer().dir_name().unwrap());
    let segment = journal.join("00000000000000000001.journal");
    let (report, read) = (Step::Report(4), Step::Read(usize::MAX >> 1));
    for step in [&Step::Release(3), &Step::Pass(100), &report, &read] {
        world.step(step);
    }
    let second = usize::try_from(segment.metadata().unwrap().len()).unwrap();
    // The rows of two reads are spooled without a roll-up; a third read is not spooled.
    for step in [&report, &read, &Step::Pass(600), &Step::Spool, &report, &read] {
        world.step(step);
    }
    let last = [
        world.spool.last(SpoolStream::Stats),
        world.spool.last(SpoolStream::Rows),
    ];
    assert_eq!(last, [0, 1]);
    drop((world.state, world.writer, world.spool, world.queue));
    let mut damaged = fs::read(&segment).unwrap();
    damaged[second + 100] ^= 1;
    fs::write(&segment, damaged).unwrap();
    let spools = left_over(&paths(dir.path()), &DiskQuota::new(u64::MAX));
    let (iterations, requests) = numbers_of(&collected(&spools[0]));
    // The first line behind the hole may have begun in it.
    assert_eq!((iterations, requests), ([0, 1, 2].into(), [0, 1].into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_next_agent_delivers_what_the_one_that_died_would_have(
        steps in prop::collection::vec(step(), 0..60), users in any::<bool>()
    ) {
        let run = |lives: bool| {
            let dir = directory();
            let mut world = World::new(dir.path(), users);
            steps.iter().for_each(|step| world.step(step));
            if lives { world.lives() } else { delivered(&collected(&world.dies())) }
        };
        prop_assert_eq!(run(false), run(true));
    }
}
