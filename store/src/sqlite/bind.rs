//! Binds cells.

crate::both::implement_writing!(
    sqlx::Sqlite,
    sqlx::sqlite::SqliteArguments,
    sqlx::SqliteConnection,
    super::database::id
);
