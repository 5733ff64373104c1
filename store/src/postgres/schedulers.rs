//! Schedulers and their fences.

use super::database::PostgresStore;

// A key share lock keeps the row from being removed, and does not keep it from being raised.
crate::fencing::implement_fencing!(
    PostgresStore,
    sqlx::PgConnection,
    " FOR KEY SHARE",
    std::convert::identity
);
