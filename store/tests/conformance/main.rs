//! What every database behind the trait `Store` must do, run on each of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod batches;
mod bed;
mod cluster;
mod columns;
mod conclusions;
mod data;
mod deleting;
mod exports;
mod fencing;
mod jobs;
mod lines;
mod opening;
mod queries;
mod reading;
mod relations;

/// Makes three tests of each case: on SQLite, on Postgres, and on Postgres behind a pooler.
macro_rules! on_both {
    ($($module:ident { $($case:ident),* $(,)? })*) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::$module::$case(&crate::bed::Bed::sqlite()).await;
                })*
            })*
        }
        mod pooled {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::$module::$case(&crate::bed::Bed::pooled()).await;
                })*
            })*
        }
        mod postgres {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::$module::$case(&crate::bed::Bed::postgres()).await;
                })*
            })*
        }
    };
}

on_both! {
    batches {
        each_batch_is_stored_once,
        a_racing_duplicate_is_stored_once,
        an_unknown_job_has_no_producers,
        stats_come_back_in_order,
        producers_do_not_disturb_each_other,
        hostile_values_are_stored,
        large_and_empty_batches_are_stored,
    }
    jobs {
        a_job_comes_back_as_it_was,
        jobs_are_found_by_state_and_prefix,
        a_job_keeps_its_owner_until_another_adopts_it,
        jobs_of_any_day_can_be_created_at_once,
    }
    fencing {
        a_name_is_for_one_scheduler_at_a_time,
        one_of_many_takes_over,
        a_scheduler_without_its_row_writes_nothing,
        jobs_of_others_are_left_alone,
        what_is_left_unfinished_passes_on,
    }
    cluster {
        a_cluster_has_one_authority,
        tokens_expire_and_are_revoked,
        a_token_is_used_as_often_as_it_says,
        a_name_is_one_keys,
        a_revoked_key_stays_revoked,
        who_did_what_is_kept_for_a_while,
    }
    conclusions {
        the_end_of_a_job_is_written_as_a_whole,
        what_a_job_hands_over_is_kept_until_its_end,
        results_that_come_later_are_found,
    }
    lines {
        every_field_of_a_line_has_a_column,
    }
    columns {
        all_relations_and_columns_exist,
    }
    relations {
        rows_say_what_was_sent,
        series_and_totals_can_be_written_again,
        totals_are_replaced,
        protocols_that_share_a_name_are_apart,
        the_usual_questions_have_answers,
        percentiles_can_be_asked_for,
    }
    deleting {
        nothing_is_left_of_a_deleted_job,
        what_comes_late_is_discarded,
        statistics_outlive_rows,
        old_jobs_are_pruned,
        a_day_without_rows_has_no_tables,
        a_job_that_runs_is_kept,
        another_job_takes_nothing_over,
        a_job_that_is_created_again_keeps_its_rows,
        jobs_are_stored_while_others_are_deleted,
    }
    queries {
        values_are_shown_as_text,
        nothing_can_be_written,
        mistakes_are_explained,
    }
    reading {
        what_is_there_is_read_and_nothing_is_written,
        an_empty_database_stays_empty,
        a_database_of_something_else_is_left_alone,
        another_schema_is_named,
        relations_have_their_columns,
    }
    exports {
        all_rows_of_a_job_are_passed_on,
        both_databases_give_the_same_texts,
        an_export_ends_where_it_cannot_be_written,
        histograms_of_seconds_come_in_pages,
    }
    opening {
        a_database_can_be_opened_again,
        a_fresh_database_can_be_opened_by_many_at_once,
        a_newer_schema_is_refused,
        it_says_where_it_is_and_how_large,
    }
}
