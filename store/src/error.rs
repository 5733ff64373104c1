//! Errors of the results database, and which of them are worth a retry.

/// An error of the results database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a database URL.
    #[error(
        "invalid database URL `{url}`: expected postgres://USER:PASSWORD@HOST/DATABASE, sqlite://PATH, or the path of an existing SQLite file"
    )]
    Url {
        /// The URL without its password.
        url: String,
    },
    /// No connection; retrying later may help.
    #[error("cannot reach the database at {url}: {problem}")]
    Unreachable {
        /// The URL without its password.
        url: String,
        /// What the database or the system said, and what to do next.
        problem: String,
    },
    /// The disk of the database is full, or so nearly that only statistics are taken; retrying later may help.
    #[error(
        "no space for the database at {url}: {problem}; free some: results wait where they are, and follow by themselves"
    )]
    DiskFull {
        /// The URL without its password.
        url: String,
        /// What the database or the system said.
        problem: String,
    },
    /// A newer heavy created or migrated the database.
    #[error(
        "the database at {url} has schema version {found}, but this version of heavy supports up to {known}: use a newer heavy or another database"
    )]
    NewerSchema {
        /// The URL without its password.
        url: String,
        /// The database's version.
        found: i64,
        /// The newest that this version supports.
        known: i64,
    },
    /// The database does not exist, or heavy did not create it.
    #[error(
        "no results at {url}: {problem}; check the URL, or store results there with `heavy run TEST --database URL`"
    )]
    NoResults {
        /// The URL without its password.
        url: String,
        /// What was found instead.
        problem: String,
    },
    /// An older heavy created the database, and it was opened read-only.
    #[error(
        "the database at {url} has schema version {found}, but this version of heavy reads version {known}: migrate it with \
         `heavy up --database URL` (or with a scheduler or collector of this version), or read it with the older heavy"
    )]
    OlderSchema {
        /// The URL without its password.
        url: String,
        /// The database's version.
        found: i64,
        /// The version that this version of heavy reads.
        known: i64,
    },
    /// A job to delete has not ended.
    #[error("job {job} is {state}: stop it before you delete it")]
    Running {
        /// The job.
        job: uuid::Uuid,
        /// Its state.
        state: String,
    },
    /// Another process has taken over the jobs of this one, which may not write any more.
    #[error("another scheduler has taken over the jobs of this one, which writes nothing more")]
    Superseded,
    /// A job that another process works on.
    #[error("another scheduler works on job {job}")]
    OwnedByOther {
        /// The job.
        job: uuid::Uuid,
    },
    /// A user's query is wrong or not allowed.
    #[error("{0}")]
    Query(String),
    /// The receiver of exported rows failed.
    #[error("cannot write: {0}")]
    Output(std::io::Error),
    /// Any other error that the database returned.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    /// Stored data that this version does not write.
    #[error("cannot read stored {what}: {problem}")]
    Corrupt {
        /// Relation and row.
        what: String,
        /// Why.
        problem: String,
    },
}

impl Error {
    /// Whether another process has what was to be written: this one must leave it alone.
    #[must_use]
    pub const fn is_fenced(&self) -> bool {
        matches!(self, Self::Superseded | Self::OwnedByOther { .. })
    }

    /// Whether the same call may succeed later: the database is unreachable, overloaded, read-only or its disk is full.
    /// False if the content is the problem.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::DiskFull { .. } => true,
            Self::Url { .. }
            | Self::NewerSchema { .. }
            | Self::OlderSchema { .. }
            | Self::NoResults { .. }
            | Self::Running { .. }
            | Self::Superseded
            | Self::OwnedByOther { .. }
            | Self::Query(_)
            | Self::Output(_)
            | Self::Corrupt { .. } => false,
            Self::Database(error) => !is_about_content(error),
        }
    }
}

/// Whether the database rejects this content for good.
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
        // Postgres: data exception, constraint violation, program limit exceeded.
        _ => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
    }
}
