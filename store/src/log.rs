//! The log of a job, a page at a time.

use heavy_results::job::LoggedLine;
use uuid::Uuid;

use crate::{Error, Store};

/// Lines of a job's log with this number or a higher one, in their order, at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub async fn log_lines(
    store: &dyn Store,
    job: Uuid,
    from: u64,
    limit: u32,
) -> Result<Vec<LoggedLine>, Error> {
    let sql = format!(
        "SELECT number, agent, at_ns, stream, line FROM log_rows WHERE job_id = '{job}' AND number >= {from} \
         ORDER BY number LIMIT {limit}"
    );
    let table = store.query(&sql, limit as usize).await?;
    Ok(table.rows.into_iter().filter_map(of_row).collect())
}

/// None only of a row that this version has not written.
fn of_row(row: Vec<Option<String>>) -> Option<LoggedLine> {
    let [number, agent, at_ns, stream, line] = <[_; 5]>::try_from(row).ok()?;
    Some(LoggedLine {
        number: number?.parse().ok()?,
        agent: agent?,
        at_ns: at_ns?.parse().ok()?,
        stream: stream?,
        line: line?,
    })
}
