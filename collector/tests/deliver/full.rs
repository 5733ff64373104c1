//! Disks that are full and then freed: nobody restarts anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use heavy_proto::v1::{self, Ack, Outcome, content::Content};
use heavy_testkit::{Postgres, SmallDisk};

use crate::bed::{Bed, Collector, Session, iterations};

const ROUNDS: u64 = 5;
/// As the longest pause of an agent.
const LIMIT: Duration = Duration::from_secs(30);

/// What an agent sends: batches of one stream, in order.
struct Sending<'a> {
    bed: &'a Bed,
    session: Session,
    stream: v1::Stream,
    /// The sequence of the next batch.
    next: u64,
    rows: u64,
}

impl<'a> Sending<'a> {
    async fn of(bed: &'a Bed, collector: &Collector, stream: v1::Stream) -> Self {
        Self {
            bed,
            session: collector.session().await,
            stream,
            next: 1,
            rows: 0,
        }
    }

    /// Sends the next batch: this number of rows, or statistics of about the same size.
    async fn send(&mut self, rows: u64) -> Ack {
        let content = match self.stream {
            v1::Stream::Rows => Content::Rows(iterations(self.rows..self.rows + rows)),
            _ => Content::Stats(v1::Stats {
                dictionary: (0..rows)
                    .map(|n| format!("a text of some length, number {n}"))
                    .collect(),
                ..v1::Stats::default()
            }),
        };
        let batch = self.bed.batch(self.stream, self.next, content);
        let ack = self.session.deliver(batch).await;
        if ack.outcome() == Outcome::Stored {
            (self.next, self.rows) = (self.next + 1, self.rows + rows);
        }
        ack
    }

    /// Sends until the collector does not take more, and says why not.
    async fn until_refused(&mut self, rows: u64) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let ack = self.send(rows).await;
            match ack.outcome() {
                Outcome::Retry => return ack.message,
                outcome => assert_eq!(outcome, Outcome::Stored, "{}", ack.message),
            }
            assert!(
                Instant::now() < deadline,
                "the disk is full and everything is stored"
            );
        }
    }

    /// Sends the same batch again and again until it is stored, and says how long that took.
    async fn until_stored(&mut self, rows: u64) -> Duration {
        let began = Instant::now();
        loop {
            let ack = self.send(rows).await;
            match ack.outcome() {
                Outcome::Stored => return began.elapsed(),
                outcome => assert_eq!(outcome, Outcome::Retry, "{}", ack.message),
            }
            assert!(began.elapsed() < LIMIT, "{}", ack.message);
        }
    }
}

/// Fills the disk and frees it again, five times, while rows and statistics are sent.
async fn fill_and_free(bed: &Bed, disk: &SmallDisk, rows: u64) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut sending = Sending::of(bed, &collector, v1::Stream::Rows).await;
    let mut statistics = Sending::of(bed, &collector, v1::Stream::Stats).await;
    for round in 1..=ROUNDS {
        assert_eq!(sending.send(rows).await.outcome(), Outcome::Stored);
        disk.fill().unwrap();
        for stream in [&mut sending, &mut statistics] {
            let message = stream.until_refused(rows).await;
            assert!(message.contains("no space"), "{message}");
        }
        disk.free();
        let took = [
            sending.until_stored(rows).await,
            statistics.until_stored(rows).await,
        ];
        eprintln!("round {round}: stored again {took:?} after the disk was freed");
    }
    let stored = bed
        .value("select count(distinct iteration) from iterations")
        .await;
    assert_eq!(stored, sending.rows.to_string());
    assert_eq!(bed.value("select count(*) from iterations").await, stored);
    let marks = bed.store.marks(bed.job).await.unwrap();
    let mut sequences: Vec<u64> = marks.iter().map(|mark| mark.sequence).collect();
    sequences.sort_unstable();
    let mut expected = [sending.next - 1, statistics.next - 1];
    expected.sort_unstable();
    assert_eq!(sequences, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_takes_results_again_when_its_disk_is_freed() {
    let name = "full::a_sqlite_file_takes_results_again_when_its_disk_is_freed";
    let Some(disk) = SmallDisk::of_test(name, 16 << 20) else {
        return;
    };
    let url = format!("sqlite://{}", disk.path().join("heavy.db").display());
    let bed = Bed::at(&url).await;
    fill_and_free(&bed, &disk, 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_takes_results_again_when_its_disk_is_freed() {
    let name = "full::postgres_takes_results_again_when_its_disk_is_freed";
    let Some(disk) = SmallDisk::of_test(name, 32 << 20) else {
        return;
    };
    let postgres = Postgres::start();
    let database = postgres.database_in(disk.path());
    let bed = Bed::at(database.url()).await;
    fill_and_free(&bed, &disk, 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_leave_space_to_statistics() {
    let name = "full::rows_leave_space_to_statistics";
    let Some(disk) = SmallDisk::of_test(name, 32 << 20) else {
        return;
    };
    let url = format!("sqlite://{}", disk.path().join("heavy.db").display());
    let bed = Bed::at(&url).await;
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut sending = Sending::of(&bed, &collector, v1::Stream::Rows).await;
    let mut statistics = Sending::of(&bed, &collector, v1::Stream::Stats).await;
    assert_eq!(sending.send(10).await.outcome(), Outcome::Stored);
    disk.fill_but(512 << 10).unwrap();
    let ack = sending.send(10).await;
    assert_eq!(ack.outcome(), Outcome::Retry);
    assert!(ack.message.contains("rows leave"), "{}", ack.message);
    let ack = statistics.send(100).await;
    assert_eq!(ack.outcome(), Outcome::Stored, "{}", ack.message);
    disk.free();
    assert_eq!(sending.send(10).await.outcome(), Outcome::Stored);
}
