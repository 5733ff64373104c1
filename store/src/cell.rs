//! Rows of small relations before they are bound to either database.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Id(Uuid),
    Text(String),
    OptText(Option<String>),
    Int(i64),
    OptInt(Option<i64>),
    Real(f64),
    OptReal(Option<f64>),
    Bool(bool),
    Blob(Vec<u8>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(crate::text::clean(text).into_owned())
    }
}

impl From<Uuid> for Cell {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self::Int(crate::text::count(value))
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Real(if value.is_finite() { value } else { 0.0 })
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        Self::OptReal(value.filter(|value| value.is_finite()))
    }
}

pub(crate) type NamedCell = (Cow<'static, str>, Cell);

pub(crate) fn named<const N: usize>(list: [(&'static str, Cell); N]) -> impl Iterator<Item = NamedCell> {
    list.into_iter().map(|(name, cell)| (Cow::Borrowed(name), cell))
}

#[derive(Debug, PartialEq)]
pub(crate) struct Rowset {
    pub(crate) table: &'static str,
    /// Those of the first row.
    columns: Vec<Cow<'static, str>>,
    /// The number of leading columns that form the primary key.
    keys: usize,
    rows: Vec<Vec<Cell>>,
}

impl Rowset {
    pub(crate) fn new(table: &'static str, keys: usize) -> Self {
        Self {
            table,
            columns: Vec::new(),
            keys,
            rows: Vec::new(),
        }
    }

    /// Adds a row. All have the same columns in the same order; the primary key comes first.
    pub(crate) fn push(&mut self, row: impl Iterator<Item = NamedCell>) {
        let (columns, cells) = row.unzip();
        if self.rows.is_empty() {
            self.columns = columns;
        } else {
            debug_assert_eq!(self.columns, columns, "of {}", self.table);
        }
        self.rows.push(cells);
    }

    /// Names that differ only in what is cleaned away must not fail the whole statement.
    pub(crate) fn keep_first_of_each_key(&mut self) {
        let mut seen = HashSet::new();
        self.rows
            .retain(|row| seen.insert(format!("{:?}", &row[..self.keys])));
    }

    /// `INSERT` of this many rows, with their values as `$1` and so on; replaces existing rows.
    pub(crate) fn upsert(&self, rows: usize) -> String {
        let width = self.columns.len();
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.table, self.columns.join(", "));
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..width {
                let separator = if column == 0 { "" } else { ", " };
                write!(sql, "{separator}${}", row * width + column + 1).expect("a String takes all text");
            }
            sql.push(')');
        }
        write!(
            sql,
            " ON CONFLICT ({}) DO UPDATE SET ",
            self.columns[..self.keys].join(", ")
        )
        .expect("a String takes all text");
        let updates: Vec<String> = self.columns[self.keys..]
            .iter()
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        sql.push_str(&updates.join(", "));
        sql
    }

    /// The rows in groups that one statement takes.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[Vec<Cell>]> {
        const MOST_BINDS: usize = 20_000;
        self.rows.chunks(MOST_BINDS / self.columns.len().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upsert_names_each_value_once() {
        let mut rowset = Rowset::new("t", 1);
        rowset.push(named([
            ("id", 1_u64.into()),
            ("a", true.into()),
            ("b", "".into()),
        ]));
        assert_eq!(
            rowset.upsert(2),
            "INSERT INTO t (id, a, b) VALUES ($1, $2, $3), ($4, $5, $6) \
             ON CONFLICT (id) DO UPDATE SET a = excluded.a, b = excluded.b"
        );
    }
}
