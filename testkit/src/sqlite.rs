//! SQLite files changed behind heavy's back, for what no heavy of this version would write.

use std::path::Path;

use crate::run::Run;

/// Opens the file that is the first argument, and commits the statement that is the second.
const EXECUTE: &str = "\
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute(sys.argv[2])
";

/// Runs one statement on the SQLite file `path`, with Python's own SQLite.
///
/// # Panics
/// When there is no python3, or SQLite refuses it; the message holds what it said.
#[track_caller]
pub fn sqlite(path: &Path, statement: &str) {
    Run::new("python3")
        .args(["-c", EXECUTE])
        .arg(path)
        .arg(statement)
        .finish()
        .expect_code(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TempDir;

    #[test]
    fn what_one_statement_wrote_the_next_one_finds() {
        let folder = TempDir::new("sqlite");
        let path = folder.join("a.db");
        sqlite(&path, "create table t (a integer primary key)");
        sqlite(&path, "insert into t values (1)");
        let again = std::panic::catch_unwind(|| sqlite(&path, "insert into t values (1)"));
        let message = *again.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("UNIQUE constraint failed"), "{message}");
    }
}
