//! The results database in a SQLite file: one writer, several readers, write-ahead log.

mod bind;
mod commit;
mod database;
mod delete;
mod export;
mod insert;
mod jobs;
mod migrate;
mod open;
mod query;
mod read;
mod relations;

use std::path::Path;
use std::sync::Arc;

use self::database::SqliteStore;
use crate::Store;

/// Opens the file, creates it if it is not there, migrates it.
pub(crate) async fn open(path: &Path) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(open::store(path).await?))
}

/// Opens a file that is there, and looks whether there is something to read in it.
pub(crate) async fn open_to_read(path: &Path) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(read::store(path).await?))
}

crate::both::implement_store!(SqliteStore, readers, database::id);
