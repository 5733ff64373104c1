//! Opening, again and at once.

use heavy_store::{Committed, Content, Error, Stream};

use crate::bed::{Bed, value};
use crate::data::{self, batch, producer};

pub(crate) async fn a_database_can_be_opened_again(bed: &Bed) {
    let job = data::job();
    let from = producer(job.id, "one", Stream::Rows);
    let content = || Content::Rows(Box::new(data::rows(0, 10)));
    {
        let store = bed.open().await;
        store.create_job(&job).await.unwrap();
        assert_eq!(
            store.commit(&batch(&from, 1, content())).await.unwrap(),
            Committed::Stored
        );
    }
    let (first, second) = (bed.open().await, bed.open().await);
    assert_eq!(
        first.commit(&batch(&from, 1, content())).await.unwrap(),
        Committed::Duplicate
    );
    assert_eq!(
        first.commit(&batch(&from, 2, content())).await.unwrap(),
        Committed::Stored
    );
    assert_eq!(
        second.commit(&batch(&from, 3, content())).await.unwrap(),
        Committed::Stored
    );
    assert_eq!(
        first.commit(&batch(&from, 4, content())).await.unwrap(),
        Committed::Stored
    );
    assert_eq!(value(&second, "select count(*) from requests").await, "40");
    assert_eq!(
        value(&second, "select count(distinct name) from requests").await,
        "1"
    );
}

pub(crate) async fn a_fresh_database_can_be_opened_by_many_at_once(bed: &Bed) {
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let url = bed.url.clone();
            tokio::spawn(async move { heavy_store::open(&url).await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

pub(crate) async fn a_newer_schema_is_refused(bed: &Bed) {
    drop(bed.open().await);
    let sql = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
               values (999, 'from the future', true, '', 0)";
    match &bed.postgres {
        Some(database) => drop(database.query(sql)),
        None => {
            let options = bed.url.parse::<sqlx::sqlite::SqliteConnectOptions>().unwrap();
            let pool = sqlx::SqlitePool::connect_lazy_with(options);
            sqlx::query(sql).execute(&pool).await.unwrap();
            pool.close().await;
        }
    }
    let error = heavy_store::open(&bed.url).await.unwrap_err();
    assert!(matches!(error, Error::NewerSchema { found: 999, .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("use a newer heavy or another database"),
        "{error}"
    );
    assert!(!error.to_string().contains("heavy-test-only"), "{error}");
}

pub(crate) async fn it_says_where_it_is_and_how_large(bed: &Bed) {
    let size = bed.open().await.size().await.unwrap();
    assert!(size.bytes > 10_000, "{size:?}");
    let scheme = if bed.postgres.is_some() {
        "postgres"
    } else {
        "sqlite"
    };
    assert!(size.url.starts_with(&format!("{scheme}://")), "{size:?}");
    // A password stands between a colon and the host.
    let user = size.url.split_once('@').map_or("", |(user, _)| user);
    assert_eq!(
        user.matches(':').count(),
        usize::from(!user.is_empty()),
        "{size:?}"
    );
}
