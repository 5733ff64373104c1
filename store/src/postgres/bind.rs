//! Binds cells.

crate::both::implement_writing!(
    sqlx::Postgres,
    sqlx::postgres::PgArguments,
    sqlx::PgConnection,
    std::convert::identity
);
