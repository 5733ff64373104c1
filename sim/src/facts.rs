//! What a load test did, as it writes it and as it must be stored.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heavy_results::job::JobSpec;

/// The wall time at which simulations begin: 2026-01-01.
pub(crate) const BEGINNING_WALL_NS: u64 = 1_767_225_600_000_000_000;

/// What a load test writes first.
pub(crate) const HELLO: &str = "{\"type\":\"hello\",\"protocol\":1,\"sdk\":\"simulated\"}\n";

/// An attempt of an agent at a job, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempt {
    pub(crate) job: u32,
    pub(crate) epoch: u32,
}

impl Attempt {
    pub(crate) fn new(job: &str, epoch: u32) -> Self {
        let job = number_of(job);
        Self { job, epoch }
    }
}

/// The document of all jobs.
pub(crate) fn spec() -> JobSpec {
    let rate = "40".parse().expect("a rate");
    JobSpec::new("a".repeat(64), rate, "4s".parse().expect("a duration"))
}

/// The ID of a job, by its number.
pub(crate) fn id_of(job: u32) -> String {
    format!("019af000-0000-7000-8000-{job:012}")
}

/// The number of a job, by its ID.
pub(crate) fn number_of(id: &str) -> u32 {
    let (_, number) = id.rsplit_once('-').expect("ids have parts");
    number.parse().expect("ids end with numbers")
}

/// A request: the iteration that made it, and which of its requests it is.
pub(crate) type RequestKey = (u64, u64);

/// A request, by its [`RequestKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestFact {
    /// From the job's start.
    pub(crate) started_ns: i64,
    pub(crate) duration_ns: u64,
    pub(crate) status: u32,
    pub(crate) size: u64,
}

/// An iteration, by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IterationFact {
    pub(crate) scheduled_ns: i64,
    pub(crate) lag_ns: u64,
    pub(crate) duration_ns: u64,
    pub(crate) ok: bool,
    pub(crate) interrupted: bool,
}

/// All that a load test finished writing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    pub(crate) requests: BTreeMap<RequestKey, RequestFact>,
    pub(crate) iterations: BTreeMap<u64, IterationFact>,
    pub(crate) dropped: u64,
    /// Iterations.
    pub(crate) started: u64,
}

/// A load test's words, with the instant of the job's start in the time of the simulation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineForm {
    pub(crate) start_ns: u64,
}

impl LineForm {
    pub(crate) fn request(self, (n, part): RequestKey, fact: &RequestFact) -> String {
        let at = self.timestamp(fact.started_ns);
        let RequestFact {
            duration_ns,
            status,
            size,
            ..
        } = fact;
        format!(
            r#"{{"sequenceID":"s{n}","url":"http://h/{part}","method":"GET","status":{status},"size":{size},"timestamp":"{at}","duration":{duration_ns},"error":null,"workflow":"w","iteration":{n},"requestID":"{n}-{part}"}}
"#
        )
    }

    pub(crate) fn iteration(self, n: u64, fact: &IterationFact) -> String {
        let at = self.timestamp(fact.scheduled_ns);
        let IterationFact {
            lag_ns,
            duration_ns,
            ok,
            interrupted,
            ..
        } = fact;
        format!(
            r#"{{"type":"iteration","workflow":"w","iteration":{n},"userID":"","sequenceID":"s{n}","scheduled":"{at}","lag":{lag_ns},"duration":{duration_ns},"ok":{ok},"interrupted":{interrupted},"error":null,"steps":[],"checks":{{}}}}
"#
        )
    }

    pub(crate) fn dropped(self, n: u64) -> String {
        format!(
            r#"{{"type":"dropped","workflow":"w","reason":"full","count":1,"first":{n},"last":{n}}}
"#
        )
    }

    fn timestamp(self, at_ns: i64) -> String {
        let ns = self.start_ns.saturating_add_signed(at_ns);
        let (s, ns) = (ns / 1_000_000_000, ns % 1_000_000_000);
        let mut text = String::with_capacity(32);
        let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
        let _ = write!(text, "2026-01-01T{h:02}:{m:02}:{s:02}.{ns:09}Z");
        text
    }
}
