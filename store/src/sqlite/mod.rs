//! The results database in a SQLite file: one writer, several readers, write-ahead log.

mod bind;
mod cluster;
mod commit;
mod connect;
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
mod room;
mod schedulers;
mod writer;

use self::database::SqliteStore;
pub(crate) use self::open::store as open;
pub(crate) use self::read::store as open_to_read;

crate::both::implement_store!(SqliteStore, database::id);
