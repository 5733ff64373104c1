//! The judge sees each kind of damage done to a store behind heavy's back.

use std::path::Path;
use std::time::Duration;

use heavy_chaos::arena::{Arena, ArenaOptions};
use heavy_chaos::job::OracleJob;
use heavy_chaos::judge::judge;
use heavy_chaos::judged::JudgedJob;
use heavy_chaos::schedule::StoreKind;
use heavy_testkit::{binary, sqlite};

/// Only bounds a test that hangs.
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn damage_is_found_by_id_and_content() {
    let oracle = binary("oracle");
    let arena = Arena::start(ArenaOptions {
        store: StoreKind::Sqlite,
        bin_dir: oracle.parent().unwrap().to_owned(),
        disk_bytes: None,
        agents: 2,
    })
    .unwrap();
    let mut job = OracleJob::new("damaged", "--rate 100 -d 2s --allow-invalid")
        .submit(&arena)
        .unwrap();
    job.exit_code(LIMIT).unwrap();
    let judged = job.judge(&arena).unwrap();
    assert!(judged.is_right(), "{judged}");
    assert_eq!(
        (judged.requests, judged.iterations, judged.target),
        (1_000, 200, Some(200))
    );

    let id = job.id(&arena).unwrap();
    let path = arena.database().strip_prefix("sqlite://").unwrap().to_owned();
    let damage = |statement: &str| sqlite(Path::new(&path), statement);
    let look = || -> JudgedJob {
        let store = arena.store().unwrap();
        arena
            .runtime
            .block_on(judge(&*store, id, &job.ledgers, Some(200)))
            .unwrap()
    };
    let figures = |judged: &JudgedJob| (judged.lost(), judged.doubled, judged.altered, judged.spurious);

    damage("delete from samples where id = (select min(id) from samples)");
    assert_eq!(figures(&look()), (1, 0, 0, 0));
    damage("delete from iteration_rows where id = (select min(id) from iteration_rows)");
    assert_eq!(figures(&look()), (2, 0, 0, 0));
    damage("update samples set duration_ns = duration_ns + 1 where id = (select min(id) from samples)");
    assert_eq!(figures(&look()), (2, 0, 1, 0));
    damage("update samples set url = url || 'x' where id = (select max(id) from samples)");
    assert_eq!(figures(&look()), (2, 0, 2, 0));
    let columns = "identity, url, status, flags, size, started_ns, duration_ns, blocked_ns, connecting, send_ns, wait_ns, \
                   receive_ns, sequence_id, iteration";
    let copy = |extra: &str| {
        let middle = "(select id from samples order by id limit 1 offset 500)";
        damage(&format!(
            "insert into samples (id, {columns}, extra) \
             select (select max(id) + 1 from samples), {columns}, {extra} from samples where id = {middle}"
        ));
    };
    copy("extra");
    assert_eq!(figures(&look()), (2, 1, 2, 0));
    copy("json_set(extra, '$.request_id', 'damaged/a0.7~1')");
    let judged = look();
    assert_eq!(figures(&judged), (2, 1, 2, 1));
    for fault in [
        "2 results lost",
        "1 results doubled",
        "2 results altered",
        "1 rows that nobody wrote",
    ] {
        assert!(judged.faults.iter().any(|found| found == fault), "{judged}");
    }
    let report = judged.to_string();
    assert!(
        report.contains("duration_ms is") && report.contains("url is"),
        "{report}"
    );
}
