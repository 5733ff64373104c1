//! What can go wrong with the database, and whether trying again may help.

/// What could not be done with the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names no database that heavy knows.
    #[error(
        "{url:?} is not a database URL: write postgres://USER:PASSWORD@HOST/DATABASE, sqlite://PATH, or the path of a SQLite file that exists"
    )]
    Url {
        /// As given, without its password.
        url: String,
    },
    /// No connection; retrying later may help.
    #[error("cannot reach the database at {url}: {problem}")]
    Unreachable {
        /// Without its password.
        url: String,
        /// What the database or the system said, and what to do next.
        problem: String,
    },
    /// The database was made by a newer heavy.
    #[error(
        "the database at {url} has schema version {found}, this heavy knows up to {known}: use a newer heavy or another database"
    )]
    NewerSchema {
        /// Without its password.
        url: String,
        /// The database's version.
        found: i64,
        /// The newest that this binary knows.
        known: i64,
    },
    /// There is nothing to read: no such database, or one that heavy has not made.
    #[error(
        "there are no results at {url}: {problem}; check the URL, or put results there with `heavy run TEST --database URL`"
    )]
    NoResults {
        /// Without its password.
        url: String,
        /// What is there instead.
        problem: String,
    },
    /// The database was made by an older heavy, and was opened to be read only.
    #[error(
        "the database at {url} has schema version {found}, this heavy reads version {known}: bring it up to date with \
         `heavy up --database URL` (or a scheduler or collector of this version), or read it with the heavy that made it"
    )]
    OlderSchema {
        /// Without its password.
        url: String,
        /// The database's version.
        found: i64,
        /// The version that this binary reads.
        known: i64,
    },
    /// A job that is to be deleted has not ended.
    #[error("job {job} is {state}: stop it before you delete it")]
    Running {
        /// Which one.
        job: uuid::Uuid,
        /// Its state.
        state: String,
    },
    /// A query of a person is wrong or not allowed.
    #[error("{0}")]
    Query(String),
    /// Rows were read and could not be passed on.
    #[error("cannot write: {0}")]
    Output(std::io::Error),
    /// Anything else the database said.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// What is stored is not what this version writes.
    #[error("stored {what} cannot be read: {problem}")]
    Corrupt {
        /// Which relation and row.
        what: String,
        /// Why.
        problem: String,
    },
}

impl Error {
    /// Whether the same may succeed later, without any change to what was asked: the database is away, overloaded,
    /// out of room or not to be written to. False when the content itself is the problem.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Url { .. }
            | Self::NewerSchema { .. }
            | Self::OlderSchema { .. }
            | Self::NoResults { .. }
            | Self::Running { .. }
            | Self::Query(_)
            | Self::Output(_)
            | Self::Corrupt { .. } => false,
            Self::Database(error) => !is_about_content(error),
        }
    }
}

/// Whether the database will refuse the same content for ever.
fn is_about_content(error: &sqlx::Error) -> bool {
    let said = match error {
        sqlx::Error::Database(said) => said,
        sqlx::Error::Encode(_) => return true,
        _ => return false,
    };
    let code = said.code().unwrap_or_default();
    match code.parse::<i32>() {
        // SQLite: too big, constraint, mismatch.
        Ok(number) if code.len() != 5 => matches!(number & 0xff, 18..=20),
        // Postgres: data exception, constraint violation.
        _ => code.starts_with("22") || code.starts_with("23"),
    }
}
