//! Databases that are opened to be read only: what is there is read, and nothing is written.

use heavy_store::{Error, RELATIONS};

use crate::bed::{Bed, value};
use crate::data;

/// How many tables, views and indexes there are, asked without the store.
async fn objects(bed: &Bed) -> u64 {
    match &bed.postgres {
        Some(database) => {
            database.value("select count(*) from pg_class where relnamespace = 'public'::regnamespace")
        }
        None => {
            let path = bed.url.strip_prefix("sqlite://").unwrap();
            if !std::path::Path::new(path).exists() {
                return 0;
            }
            run(bed, "select count(*) from sqlite_schema")
                .await
                .parse()
                .unwrap()
        }
    }
}

/// Runs a statement behind the store's back; returns its value, if it has one.
async fn run(bed: &Bed, sql: &'static str) -> String {
    if let Some(database) = &bed.postgres {
        drop(database.query(sql));
        return String::new();
    }
    let options = bed.url.parse::<sqlx::sqlite::SqliteConnectOptions>().unwrap();
    let pool = sqlx::SqlitePool::connect_lazy_with(options.create_if_missing(true));
    let value: Option<i64> = sqlx::query_scalar(sql).fetch_optional(&pool).await.unwrap();
    pool.close().await;
    value.unwrap_or_default().to_string()
}

pub(crate) async fn what_is_there_is_read_and_nothing_is_written(bed: &Bed) {
    let job = data::finished(data::job());
    {
        let store = bed.open().await;
        store.create_job(&job).await.unwrap();
        let folded = heavy_results::aggregate::SeriesUpdate::default();
        let summary = data::summary(&job);
        store.save_series(job.id, &folded, Some(&summary)).await.unwrap();
    }
    let before = objects(bed).await;
    let store = heavy_store::open_to_read(&bed.url).await.unwrap();
    assert_eq!(store.jobs(10).await.unwrap().len(), 1);
    assert_eq!(store.summary(job.id).await.unwrap().unwrap().job.id, job.id);
    assert_eq!(value(&store, "select name from jobs").await, "checkout");
    let refused = [
        store.create_job(&data::job()).await,
        store.update_job(&job).await,
        store
            .save_series(
                job.id,
                &heavy_results::aggregate::SeriesUpdate::default(),
                Some(&data::summary(&job)),
            )
            .await,
    ];
    for result in refused {
        assert!(matches!(result, Err(Error::Database(_))), "{result:?}");
    }
    assert_eq!(store.jobs(10).await.unwrap().len(), 1);
    assert_eq!(objects(bed).await, before);
}

pub(crate) async fn an_empty_database_stays_empty(bed: &Bed) {
    let error = heavy_store::open_to_read(&bed.url).await.unwrap_err();
    assert!(matches!(error, Error::NoResults { .. }), "{error}");
    assert!(error.to_string().contains("no results at"), "{error}");
    assert!(!error.to_string().contains("heavy-test-only"), "{error}");
    assert_eq!(objects(bed).await, 0);
}

pub(crate) async fn a_database_of_something_else_is_left_alone(bed: &Bed) {
    if bed.postgres.is_none() {
        std::fs::create_dir_all(
            std::path::Path::new(bed.url.strip_prefix("sqlite://").unwrap())
                .parent()
                .unwrap(),
        )
        .unwrap();
    }
    // Others number their migrations in a table of the same name.
    run(bed, "create table _sqlx_migrations (version bigint)").await;
    run(bed, "insert into _sqlx_migrations values (7)").await;
    let before = objects(bed).await;
    let error = heavy_store::open_to_read(&bed.url).await.unwrap_err();
    assert!(
        error.to_string().contains("belongs to another program"),
        "{error}"
    );
    assert_eq!(objects(bed).await, before);
}

pub(crate) async fn another_schema_is_named(bed: &Bed) {
    drop(bed.open().await);
    run(bed, "delete from _sqlx_migrations where version > 1").await;
    let error = heavy_store::open_to_read(&bed.url).await.unwrap_err();
    assert!(matches!(error, Error::OlderSchema { found: 1, .. }), "{error}");
    assert!(error.to_string().contains("`heavy up --database URL`"), "{error}");
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (999, 'from the future', true, '', 0)";
    run(bed, newer).await;
    let error = heavy_store::open_to_read(&bed.url).await.unwrap_err();
    assert!(matches!(error, Error::NewerSchema { found: 999, .. }), "{error}");
}

pub(crate) async fn relations_have_their_columns(bed: &Bed) {
    drop(bed.open().await);
    let store = heavy_store::open_to_read(&bed.url).await.unwrap();
    let relations = store.relations().await.unwrap();
    let names: Vec<&str> = relations.iter().map(|relation| relation.name.as_str()).collect();
    assert_eq!(names, RELATIONS);
    for (name, _, columns) in crate::columns::RELATIONS {
        let relation = relations.iter().find(|relation| relation.name == name).unwrap();
        for column in columns.split_whitespace() {
            assert!(
                relation.columns.iter().any(|found| found.name == column),
                "{name}.{column}"
            );
        }
    }
}
