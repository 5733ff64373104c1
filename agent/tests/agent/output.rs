//! What a load test writes, whatever it is.

use crate::world::{World, spec};

#[tokio::test(flavor = "multi_thread")]
async fn noise_is_counted_by_reason_and_costs_no_result() {
    let world = World::new().await;
    let delivered = world.run_fixture("job-noise", spec("100", 1000, "noise")).await;
    let closing = delivered.closing.clone().unwrap();
    assert_eq!((closing.scheduled, closing.lost), (100, 0));
    // Three NULs are text; so is the greeting.
    for (reason, count) in [
        ("text", 2),
        ("not-utf8", 1),
        ("unknown-type", 1),
        ("wrong-fields", 1),
        ("too-long", 1),
        ("cut-off", 1),
    ] {
        assert_eq!(delivered.not_results(reason), count, "{reason}");
    }
    assert_eq!(closing.malformed, 7);
    // The go-lo line is a request beside those of the iterations.
    assert_eq!(delivered.requests(), 101);
    let errors = delivered.deltas.iter().flat_map(|delta| &delta.errors);
    let dial = errors.into_iter().find(|error| error.example.contains("dial"));
    assert_eq!(
        dial.expect("its error is kept").example.as_ref(),
        r#"{"Op":"dial"}"#
    );
    let log: Vec<&str> = delivered
        .deltas
        .iter()
        .flat_map(|delta| &delta.log)
        .map(|line| line.text.as_ref())
        .collect();
    assert!(log.contains(&"hello from println!"), "{log:?}");
    assert!(log.contains(&"half a line at the e"));
    assert!(log.iter().all(|line| line.len() <= 4096));
}

#[tokio::test(flavor = "multi_thread")]
async fn iterations_without_a_line_are_lost_and_not_forgotten() {
    let world = World::new().await;
    let delivered = world.run_fixture("job-silent", spec("50", 1000, "silent")).await;
    let closing = delivered.closing.unwrap();
    assert_eq!((closing.scheduled, closing.started, closing.lost), (50, 50, 50));
}
