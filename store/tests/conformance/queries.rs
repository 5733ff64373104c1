//! People's queries.

use heavy_store::{Error, QueryResult};

use crate::bed::{Bed, ask, value};
use crate::data;

pub(crate) async fn values_are_shown_as_text(bed: &Bed) {
    let store = bed.open().await;
    let sql = "select 1 as one, 2.5 as half, 'ü' as text, null as missing, 3 as one -- a comment\n;";
    let expected = QueryResult {
        columns: ["one", "half", "text", "missing", "one"]
            .map(str::to_owned)
            .to_vec(),
        rows: vec![vec![
            Some("1".to_owned()),
            Some("2.5".to_owned()),
            Some("ü".to_owned()),
            None,
            Some("3".to_owned()),
        ]],
        truncated: false,
    };
    assert_eq!(ask(&store, sql).await, expected);
    let nothing = ask(&store, "select id, name from jobs").await;
    assert_eq!((nothing.columns.len(), nothing.rows.len()), (2, 0));
    let many =
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100) select i from n";
    for (limit, rows, truncated) in [(100, 100, false), (99, 99, true), (0, 0, true)] {
        let table = store.query(many, limit).await.unwrap();
        assert_eq!((table.rows.len(), table.truncated), (rows, truncated));
    }
}

pub(crate) async fn nothing_can_be_written(bed: &Bed) {
    let store = bed.open().await;
    store.create_job(&data::job()).await.unwrap();
    let both = [
        "delete from job_rows",
        "update job_rows set name = 'x'",
        "drop table samples",
        "create table t (a integer)",
        "select 1; delete from job_rows",
        "select 1; select 2",
        "commit; delete from job_rows",
        "begin",
        "vacuum",
        "",
        "-- nothing",
    ];
    let postgres = [
        "with gone as (delete from job_rows returning id) select * from gone",
        "explain analyze delete from job_rows",
        "select set_config('transaction_read_only', 'off', false)",
        "select nextval('producers_id_seq')",
        "copy job_rows to stdout",
        "select * into t from job_rows",
        "set transaction read write",
    ];
    let sqlite = [
        "with gone as (select id from job_rows) delete from job_rows where id in (select id from gone)",
        "pragma query_only = off",
        "attach 'other.db' as other",
        "vacuum into 'copy.db'",
        "select load_extension('x')",
        "replace into job_rows select * from job_rows",
    ];
    let own = if bed.postgres.is_some() {
        &postgres[..]
    } else {
        &sqlite[..]
    };
    for sql in both.iter().chain(own) {
        let error = store.query(sql, 10).await;
        assert!(matches!(error, Err(Error::Query(_))), "{sql}: {error:?}");
    }
    assert_eq!(value(&store, "select name from jobs").await, "checkout");
}

pub(crate) async fn mistakes_are_explained(bed: &Bed) {
    let store = bed.open().await;
    let (syntax, column) = if bed.postgres.is_some() {
        (
            "syntax error at or near \"form\" (line 2, column 9)",
            "\"nam\" does not exist",
        )
    } else {
        ("near \"form\": syntax error", "no such column: nam")
    };
    for (sql, expected) in [
        ("select 1,\nselect form jobs", ""),
        ("select\nname, * form jobs", syntax),
        ("select nam from jobs", column),
        ("delete from jobs", "queries only read"),
    ] {
        let error = store.query(sql, 10).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{sql}: {error}");
    }
}
