//! A fresh database for a test.

use std::sync::Arc;

use heavy_store::{QueryResult, Store};
use heavy_testkit::{Database, Pooler, Postgres, TempDir};

/// A database that nobody else uses.
pub(crate) struct Bed {
    pub(crate) url: String,
    /// Whether it is Postgres.
    pub(crate) postgres: Option<Database>,
    _folder: Option<TempDir>,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new("store");
        Self {
            url: format!("sqlite://{}", folder.join("heavy.db").display()),
            postgres: None,
            _folder: Some(folder),
        }
    }

    pub(crate) fn postgres() -> Self {
        let database = Postgres::shared().database();
        Self {
            url: database.url().to_owned(),
            postgres: Some(database),
            _folder: None,
        }
    }

    /// Postgres behind a pooler, where each transaction may be on another connection.
    pub(crate) fn pooled() -> Self {
        let database = Postgres::shared().database();
        Self {
            url: Pooler::shared().url(&database),
            postgres: Some(database),
            _folder: None,
        }
    }

    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        heavy_store::open(&self.url).await.unwrap()
    }
}

/// The answer to a query that must succeed.
pub(crate) async fn ask(store: &Arc<dyn Store>, sql: &str) -> QueryResult {
    store
        .query(sql, 10_000)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

/// The rows of an answer, values joined by `|`, NULL as `-`.
pub(crate) async fn rows(store: &Arc<dyn Store>, sql: &str) -> Vec<String> {
    let table = ask(store, sql).await;
    let line = |row: &Vec<Option<String>>| {
        row.iter()
            .map(|cell| cell.as_deref().unwrap_or("-"))
            .collect::<Vec<_>>()
            .join("|")
    };
    table.rows.iter().map(line).collect()
}

/// The only value of an answer.
pub(crate) async fn value(store: &Arc<dyn Store>, sql: &str) -> String {
    let rows = rows(store, sql).await;
    assert_eq!(rows.len(), 1, "{sql}");
    rows[0].clone()
}
