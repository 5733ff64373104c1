//! The collector over gRPC, on both databases: what is acknowledged is stored, once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]
#![expect(clippy::print_stderr, reason = "how long recovery takes is read by people")]

mod bed;
mod full;
mod gate;
mod outcomes;
mod unreachable;

/// Makes two tests of each case: one on SQLite, one on Postgres.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                crate::outcomes::$case(&crate::bed::Bed::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                crate::outcomes::$case(&crate::bed::Bed::postgres().await).await;
            })*
        }
    };
}

on_both! {
    batches_are_stored_once_and_in_order,
    stats_are_kept_for_the_scheduler,
    what_can_never_be_stored_is_refused,
    a_job_of_another_store_is_kept_by_its_agent,
    what_comes_of_a_deleted_job_is_acknowledged,
    many_producers_share_a_stream,
    received_batches_are_stored_at_shutdown,
}
