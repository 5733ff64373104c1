//! The results database in Postgres: a pool, `COPY` for raw rows, partitions by the job's day.

mod bind;
mod commit;
mod copy;
mod database;
mod delete;
mod encode;
mod explain;
mod export;
mod jobs;
mod known;
mod migrate;
mod open;
mod partitions;
mod query;
mod relations;

use std::sync::Arc;

use self::database::PostgresStore;
use crate::Store;

pub(crate) async fn open(url: &str) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(open::store(url).await?))
}

/// Connects, and looks whether there is something to read.
pub(crate) async fn open_to_read(url: &str) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(open::to_read(url).await?))
}

crate::both::implement_store!(PostgresStore, pool, std::convert::identity);
