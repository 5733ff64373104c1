//! Data for iterations and users: every row is used once in the whole job.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::files::find_file;
use crate::{Error, Result};

/// What happens when all rows are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    Wrap,
    Stop,
    Fail,
}

/// Rows of data for the iterations of a workflow, or for the users of a job.
///
/// Iteration n gets row n, on whichever agent it runs, so that no row is used twice and none is skipped, except those of
/// dropped iterations.
///
/// ```
/// use heavy_sdk::Feed;
/// use heavy_sdk::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Account { password: String }
///
/// struct Login { accounts: Feed<Account> }
///
/// impl Runner for Login {
///     async fn run(&self, ctx: &Context) -> Result<()> {
///         let account = self.accounts.row(ctx)?;
///         ctx.post("http://127.0.0.1:8080/login").bearer(&account.password).send().await?;
///         Ok(())
///     }
/// }
///
/// # fn make() -> Result<Login> {
/// Ok(Login { accounts: Feed::csv("accounts.csv")?.stop() })
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Feed<T> {
    rows: Vec<T>,
    end: End,
}

impl<T> Feed<T> {
    /// A feed of these rows, which starts over after the last one.
    ///
    /// # Errors
    /// If `rows` is empty.
    pub fn new(rows: Vec<T>) -> Result<Self> {
        ensure!(!rows.is_empty(), "a feed needs at least one row");
        Ok(Self { rows, end: End::Wrap })
    }

    /// Reads rows from a CSV file whose header line has the names of `T`'s fields. [`find_file`] says where it is looked up.
    ///
    /// # Errors
    /// If the file cannot be read, has no rows, or has one that does not match `T`; the message names the line.
    pub fn csv(path: impl AsRef<Path>) -> Result<Self>
    where
        T: DeserializeOwned,
    {
        let path = &*find_file(&path).with_context(|| unreadable(path.as_ref()))?;
        let mut reader = csv::Reader::from_path(path).with_context(|| unreadable(path))?;
        let rows = reader.deserialize().collect::<Result<_, csv::Error>>();
        Self::of_file(path, rows.map_err(Error::from))
    }

    /// Reads rows from a file with one JSON document per line; empty lines are skipped.
    ///
    /// # Errors
    /// Like [`Self::csv`].
    pub fn json_lines(path: impl AsRef<Path>) -> Result<Self>
    where
        T: DeserializeOwned,
    {
        let path = &*find_file(&path).with_context(|| unreadable(path.as_ref()))?;
        let file = BufReader::new(File::open(path).with_context(|| unreadable(path))?);
        let mut rows = Vec::new();
        for (number, line) in (1..).zip(file.lines()) {
            let line = line.with_context(|| unreadable(path))?;
            if line.trim().is_empty() {
                continue;
            }
            let row = serde_json::from_str(&line);
            rows.push(row.with_context(|| {
                format!("line {number} of {} does not match the row type", path.display())
            })?);
        }
        Self::of_file(path, Ok(rows))
    }

    fn of_file(path: &Path, rows: Result<Vec<T>>) -> Result<Self> {
        let rows = rows.with_context(|| unreadable(path))?;
        ensure!(!rows.is_empty(), "{} has no rows", path.display());
        Self::new(rows)
    }

    /// Starts over after the last row. This is the default.
    #[must_use]
    pub fn wrap(self) -> Self {
        self.ending(End::Wrap)
    }

    /// Ends the job after the last row.
    #[must_use]
    pub fn stop(self) -> Self {
        self.ending(End::Stop)
    }

    /// Fails iterations after the last row.
    #[must_use]
    pub fn fail(self) -> Self {
        self.ending(End::Fail)
    }

    fn ending(self, end: End) -> Self {
        Self { end, ..self }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Always false: a feed has at least one row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of this iteration; every call returns the same one.
    ///
    /// # Errors
    /// If all rows are used and the feed does not start over, or outside of an iteration.
    pub fn row(&self, ctx: &Context) -> Result<&T> {
        let n = ctx
            .iteration()
            .context("only iterations have rows: use row_of_user for a user")?;
        self.nth(n, ctx)
    }

    /// The row of this user, in `init_user` and in its iterations.
    ///
    /// # Errors
    /// If there are more users than rows and the feed does not start over, or if users have no numbers because the job has
    /// neither `--users` nor `--unique-users`.
    pub fn row_of_user(&self, ctx: &Context) -> Result<&T> {
        self.nth(user_number(ctx)?, ctx)
    }

    fn nth(&self, n: u64, ctx: &Context) -> Result<&T> {
        let place = place(n, self.rows.len() as u64, self.end, ctx)?;
        // Below the number of rows, so it fits.
        Ok(&self.rows[usize::try_from(place)?])
    }
}

/// Numbers of a range, assigned like the rows of a [`Feed`].
///
/// ```
/// use heavy_sdk::Numbers;
/// # use heavy_sdk::prelude::*;
///
/// # async fn run(ctx: &Context, orders: &Numbers) -> Result<()> {
/// let order = orders.number(ctx)?;
/// ctx.get(format!("http://127.0.0.1:8080/orders/{order}")).send().await?;
/// # Ok(())
/// # }
/// # fn make() -> Result<Numbers> {
/// Numbers::new(1_000..2_000)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Numbers {
    range: Range<u64>,
    end: End,
}

impl Numbers {
    /// The numbers of a range, which start over after the last one.
    ///
    /// # Errors
    /// If the range is empty.
    pub fn new(range: Range<u64>) -> Result<Self> {
        ensure!(!range.is_empty(), "the range {range:?} has no numbers");
        Ok(Self {
            range,
            end: End::Wrap,
        })
    }

    /// Ends the job after the last number.
    #[must_use]
    pub fn stop(self) -> Self {
        Self {
            end: End::Stop,
            ..self
        }
    }

    /// Fails iterations after the last number.
    #[must_use]
    pub fn fail(self) -> Self {
        Self {
            end: End::Fail,
            ..self
        }
    }

    /// The number of this iteration.
    ///
    /// # Errors
    /// Like [`Feed::row`].
    pub fn number(&self, ctx: &Context) -> Result<u64> {
        let n = ctx
            .iteration()
            .context("only iterations have numbers: use number_of_user for a user")?;
        self.nth(n, ctx)
    }

    /// The number of this user.
    ///
    /// # Errors
    /// Like [`Feed::row_of_user`].
    pub fn number_of_user(&self, ctx: &Context) -> Result<u64> {
        self.nth(user_number(ctx)?, ctx)
    }

    fn nth(&self, n: u64, ctx: &Context) -> Result<u64> {
        let count = self.range.end - self.range.start;
        Ok(self.range.start + place(n, count, self.end, ctx)?)
    }
}

fn user_number(ctx: &Context) -> Result<u64> {
    ctx.user_number()
        .context("users have no numbers in this job: add --users or --unique-users")
}

/// Which of `count` rows the n-th is.
fn place(n: u64, count: u64, end: End, ctx: &Context) -> Result<u64> {
    if n < count || end == End::Wrap {
        return Ok(n % count);
    }
    if end == End::Stop {
        ctx.inner().end_of_data();
    }
    Err(Error::msg(format!("out of data: requested row {n} of {count}")))
}

fn unreadable(path: &Path) -> String {
    format!("cannot read rows from {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_testkit::TempDir;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Account {
        name: String,
        age: u32,
    }

    #[test]
    fn rows_are_read_from_csv_and_json_lines() {
        let temp = TempDir::new("feed");
        std::fs::write(temp.join("good.csv"), "name,age\nann,7\n\"b,c\",8\n").unwrap();
        let csv = Feed::<Account>::csv(temp.join("good.csv")).unwrap();
        let json = "{\"name\":\"ann\",\"age\":7}\n\n{\"name\":\"b,c\",\"age\":8}\n";
        std::fs::write(temp.join("good.jsonl"), json).unwrap();
        let json = Feed::<Account>::json_lines(temp.join("good.jsonl")).unwrap();
        assert_eq!(csv.rows, json.rows);
        assert_eq!((csv.len(), csv.is_empty(), &*csv.rows[1].name), (2, false, "b,c"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let temp = TempDir::new("feed");
        let file = |name: &str, text: &str| {
            std::fs::write(temp.join(name), text).unwrap();
            temp.join(name)
        };
        let csv =
            |name: &str, text: &str| format!("{:#}", Feed::<Account>::csv(file(name, text)).unwrap_err());
        assert!(csv("empty.csv", "name,age\n").contains("has no rows"));
        let problem = csv("bad.csv", "name,age\nann,old\n");
        assert!(
            problem.contains("bad.csv") && problem.contains("line: 2"),
            "{problem}"
        );
        let missing = Feed::<Account>::json_lines("/no/such").unwrap_err();
        assert!(format!("{missing:#}").contains("cannot read rows from /no/such"));
        let bad = Feed::<Account>::json_lines(file("bad.jsonl", "{}\n")).unwrap_err();
        assert!(format!("{bad:#}").contains("line 1 of"), "{bad:#}");
        assert!(Feed::<u8>::new(Vec::new()).is_err() && Numbers::new(5..5).is_err());
    }
}
