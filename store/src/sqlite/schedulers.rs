//! Schedulers and their fences. Only one transaction writes at a time, so that no row needs a lock.

use super::database::SqliteStore;

crate::fencing::implement_fencing!(SqliteStore, sqlx::SqliteConnection, "", super::database::id);
