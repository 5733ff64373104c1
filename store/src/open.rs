//! Opens a results database by its URL.

use std::sync::Arc;

use crate::address::{self, Address};
use crate::error::Error;
use crate::interface::Store;
use crate::{postgres, sqlite};

/// Opens a database by its URL; creates a SQLite file that is not there; migrates under a lock.
///
/// # Errors
/// When the URL is wrong, the database cannot be reached, or a newer heavy has made it.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, Error> {
    Ok(match address::parse(url)?.existing(url)? {
        Address::Sqlite(path) | Address::Path(path) => Arc::new(sqlite::open(&path).await?),
        Address::Postgres(url) => Arc::new(postgres::open(&url).await?),
    })
}

/// Opens a database to read it: nothing is made, migrated or written, and the database refuses every write of the
/// [`Store`].
///
/// # Errors
/// When the URL is wrong, the database cannot be reached, is not there, holds no results of heavy, or has another schema
/// than this version reads.
pub async fn open_to_read(url: &str) -> Result<Arc<dyn Store>, Error> {
    Ok(match address::parse(url)?.existing(url)? {
        Address::Sqlite(path) | Address::Path(path) => Arc::new(sqlite::open_to_read(&path).await?),
        Address::Postgres(url) => Arc::new(postgres::open_to_read(&url).await?),
    })
}
