//! The results database in Postgres: bounded connections, `COPY` for raw rows, partitions by the job's day.

mod bind;
mod cluster;
mod commit;
mod connections;
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
mod patience;
mod query;
mod relations;
mod replicas;
mod schedulers;
mod session;

use self::database::PostgresStore;
pub(crate) use self::open::{store as open, to_read as open_to_read};

crate::both::implement_store!(PostgresStore, std::convert::identity);
