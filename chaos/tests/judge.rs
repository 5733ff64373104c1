//! The judge sees each kind of damage done to a store behind heavy's back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::time::Duration;

use heavy_chaos::arena::{Arena, ArenaOptions};
use heavy_chaos::job::{OracleJob, SubmittedJob};
use heavy_chaos::judge::judge;
use heavy_chaos::judged::JudgedJob;
use heavy_chaos::schedule::StoreKind;
use heavy_testkit::{binary, sqlite};
use uuid::Uuid;

/// Only bounds a test that hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Changes of totals, how they are undone, and what the judge says of them.
const MISCOUNTS: [(&str, &str, &str); 6] = [
    (
        "update request_stats set count = count + 1 where rowid = (select min(rowid) from request_stats)",
        "update request_stats set count = count - 1 where rowid = (select min(rowid) from request_stats)",
        "1001 requests counted, rows and discarded rows 1000",
    ),
    (
        "update status_counts set count = count + 1 where rowid = (select min(rowid) from status_counts)",
        "update status_counts set count = count - 1 where rowid = (select min(rowid) from status_counts)",
        "1 names and statuses counted otherwise than their rows",
    ),
    (
        "update seconds set requests = requests - 1 where second = 0",
        "update seconds set requests = requests + 1 where second = 0",
        "999 requests in the series, in the totals 1000",
    ),
    (
        "update seconds set ok = ok + 1 where second = 0",
        "update seconds set ok = ok - 1 where second = 0",
        "201 iterations in the series, in the totals 200",
    ),
    (
        "update assignments set interrupted = interrupted + 1 where agent = 'a0'",
        "update assignments set interrupted = interrupted - 1 where agent = 'a0'",
        "201 iterations counted, rows and discarded rows 200",
    ),
    (
        "update summaries set document = json_replace(document, '$.iterations.scheduled', 201)",
        "update summaries set document = json_replace(document, '$.iterations.scheduled', 200)",
        "200 iterations accounted for, scheduled 201",
    ),
];

/// A job whose rows and totals are changed behind heavy's back.
struct Bench {
    arena: Arena,
    job: SubmittedJob,
    id: Uuid,
}

impl Bench {
    fn new() -> Self {
        let oracle = binary("oracle");
        let arena = Arena::start(ArenaOptions {
            store: StoreKind::Sqlite,
            bin_dir: oracle.parent().unwrap().to_owned(),
            disk_bytes: None,
            agents: 2,
        })
        .unwrap();
        let job = OracleJob::new("damaged", "--rate 100 -d 2s --allow-invalid");
        let mut job = job.submit(&arena).unwrap();
        job.exit_code(LIMIT).unwrap();
        let judged = job.judge(&arena).unwrap();
        assert!(judged.is_right(), "{judged}");
        assert_eq!(
            (judged.requests, judged.iterations, judged.target),
            (1_000, 200, Some(200))
        );
        let id = job.id(&arena).unwrap();
        Self { arena, job, id }
    }

    fn damage(&self, statement: &str) {
        let path = self.arena.database().strip_prefix("sqlite://").unwrap();
        sqlite(Path::new(path), statement);
    }

    /// Judges the job, of which the target has counted this number of requests.
    fn look(&self, target: u64) -> JudgedJob {
        let store = self.arena.store().unwrap();
        let judging = judge(&*store, self.id, &self.job.ledgers, Some(target));
        self.arena.runtime.block_on(judging).unwrap()
    }

    /// The judge's figures: lost, doubled, altered, spurious.
    fn figures(&self) -> (u64, u64, u64, u64) {
        let judged = self.look(200);
        (judged.lost(), judged.doubled, judged.altered, judged.spurious)
    }
}

fn finds(judged: &JudgedJob, part: &str) {
    let found = judged.faults.iter().any(|fault| fault.contains(part));
    assert!(found, "{part}: {judged}");
}

#[test]
fn each_kind_of_damage_is_found() {
    let bench = Bench::new();
    totals(&bench);
    assert!(bench.look(200).is_right());
    rows(&bench);
}

fn totals(bench: &Bench) {
    for (change, back, part) in MISCOUNTS {
        bench.damage(change);
        finds(&bench.look(200), part);
        bench.damage(back);
    }
    finds(&bench.look(199), "it received 199");
    finds(&bench.look(201), "1 requests more than were counted");
}

fn rows(bench: &Bench) {
    bench.damage("delete from samples where id = (select min(id) from samples)");
    assert_eq!(bench.figures(), (1, 0, 0, 0));
    finds(
        &bench.look(200),
        "PASS, although 1 results and 0 iterations are lost or unknown",
    );
    bench.damage("delete from iteration_rows where id = (select min(id) from iteration_rows)");
    assert_eq!(bench.figures(), (2, 0, 0, 0));
    bench.damage("update samples set duration_ns = duration_ns + 1 where id = (select min(id) from samples)");
    assert_eq!(bench.figures(), (2, 0, 1, 0));
    bench.damage("update samples set url = url || 'x' where id = (select max(id) from samples)");
    assert_eq!(bench.figures(), (2, 0, 2, 0));
    bench.damage(
        "update iteration_rows set lag_ns = lag_ns + 1 where id = (select max(id) from iteration_rows)",
    );
    assert_eq!(bench.figures(), (2, 0, 3, 0));
    let columns = "identity, url, status, flags, size, started_ns, duration_ns, blocked_ns, connecting, send_ns, wait_ns, \
                   receive_ns, sequence_id, iteration";
    let copy = |extra: &str| {
        let middle = "(select id from samples order by id limit 1 offset 500)";
        bench.damage(&format!(
            "insert into samples (id, {columns}, extra) \
             select (select max(id) + 1 from samples), {columns}, {extra} from samples where id = {middle}"
        ));
    };
    copy("extra");
    assert_eq!(bench.figures(), (2, 1, 3, 0));
    copy("json_set(extra, '$.request_id', 'damaged/a0.7~1')");
    assert_eq!(bench.figures(), (2, 1, 3, 1));
    let judged = bench.look(200);
    for fault in [
        "2 results lost",
        "1 results doubled",
        "3 results altered",
        "1 rows that nobody wrote",
    ] {
        assert!(judged.faults.iter().any(|found| found == fault), "{judged}");
    }
    let report = judged.to_string();
    for field in ["duration_ms is", "url is", "lag_ms is"] {
        assert!(report.contains(field), "{report}");
    }
}
