//! Spools that agents of other versions left behind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::world::World;

/// The spool of a job of 20 iterations, as earlier agents wrote it; the collector took none of its rows.
const EARLIER: [&str; 2] = ["spool-without-version", "spool-version-1"];

/// Puts the spool where an agent looks for what an earlier one left.
fn leave(world: &World, earlier: &str) -> PathBuf {
    let left = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(earlier);
    let spool = world.dir.path().join("agent/spool/job-old-1");
    for part in ["", "stats", "rows"] {
        let (from, to) = (left.join("job-old-1").join(part), spool.join(part));
        fs::create_dir_all(&to).expect("a directory");
        for entry in fs::read_dir(from).expect("it is there").flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("a file");
            }
        }
    }
    spool
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spools_of_earlier_versions_are_delivered() {
    for earlier in EARLIER {
        let mut world = World::without_agent().await;
        leave(&world, earlier);
        world.start_agent();
        let delivered = world
            .wait_delivered("job-old", "all of the spool", |delivered| {
                let closed = delivered.closing.as_ref();
                closed.is_some_and(|closing| closing.last_rows_sequence == delivered.last_rows_sequence)
            })
            .await;
        let closing = delivered.closing.clone().expect("it is closed");
        assert_eq!((closing.scheduled, closing.ok, closing.failed), (20, 18, 2));
        assert_eq!((delivered.requests(), delivered.iterations()), (20, 20));
        assert_eq!(delivered.sum(|row| row.scheduled), 20);
        assert!(delivered.voids.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_of_an_unknown_version_stays_while_the_agent_works() {
    let mut world = World::without_agent().await;
    let rows = leave(&world, EARLIER[0]).join("rows/00000000000000000001.seg");
    let mut unknown = b"hvspool\x07".to_vec();
    unknown.extend(fs::read(&rows).expect("a segment"));
    fs::write(&rows, &unknown).expect("a segment");
    world.start_agent();
    world.registered(1).await;
    let delivered = world
        .run_fixture("job-new", crate::world::spec("20", 500, "ok"))
        .await;
    assert_eq!(delivered.requests(), 10);
    assert_eq!(fs::read(&rows).expect("it is kept"), unknown);
    assert!(world.delivered("job-old").closing.is_none());
}
