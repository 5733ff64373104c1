//! The raw rows of the job.

use super::job::Recorded;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) workflow: String,
    pub(super) step: String,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) error_kind: String,
    pub(super) window: String,
    pub(super) status: u16,
    pub(super) failed: bool,
    pub(super) size: u64,
    pub(super) duration_ms: f64,
    pub(super) wait_ms: f64,
}

#[derive(Debug)]
pub(super) struct Iteration {
    pub(super) workflow: String,
    pub(super) agent: String,
    pub(super) window: String,
    pub(super) ok: bool,
    pub(super) interrupted: bool,
    pub(super) duration_ms: f64,
    pub(super) response_ms: f64,
    pub(super) generator_lag_ms: f64,
}

fn rows(recorded: &Recorded, sql: &str) -> Vec<Vec<String>> {
    let table = recorded.ask(sql);
    let rows = table.rows.into_iter();
    rows.map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
        .collect()
}

pub(super) fn requests(recorded: &Recorded) -> Vec<Request> {
    let sql = "SELECT workflow, step, name, method, error_kind, time_window, status, failed, size, duration_ms, wait_ms \
               FROM requests";
    let rows = rows(recorded, sql).into_iter();
    rows.map(|row| {
        let [
            workflow,
            step,
            name,
            method,
            error_kind,
            window,
            status,
            failed,
            size,
            duration_ms,
            wait_ms,
        ] = <[String; 11]>::try_from(row).unwrap();
        Request {
            workflow,
            step,
            name,
            method,
            error_kind,
            window,
            status: status.parse().unwrap(),
            failed: failed == "1",
            size: size.parse().unwrap(),
            duration_ms: duration_ms.parse().unwrap(),
            wait_ms: wait_ms.parse().unwrap(),
        }
    })
    .collect()
}

pub(super) fn iterations(recorded: &Recorded) -> Vec<Iteration> {
    let sql = "SELECT workflow, agent, time_window, ok, interrupted, duration_ms, response_ms, generator_lag_ms \
               FROM iterations";
    let rows = rows(recorded, sql).into_iter();
    rows.map(|row| {
        let [
            workflow,
            agent,
            window,
            ok,
            interrupted,
            duration_ms,
            response_ms,
            generator_lag_ms,
        ] = <[String; 8]>::try_from(row).unwrap();
        Iteration {
            workflow,
            agent,
            window,
            ok: ok == "1",
            interrupted: interrupted == "1",
            duration_ms: duration_ms.parse().unwrap(),
            response_ms: response_ms.parse().unwrap(),
            generator_lag_ms: generator_lag_ms.parse().unwrap(),
        }
    })
    .collect()
}

/// First and last instants of errors of requests by kind, as reported.
pub(super) fn error_instants(recorded: &Recorded) -> Vec<Vec<String>> {
    let sql = "SELECT workflow, step, name, kind, first_at, last_at FROM errors WHERE name <> '' \
               ORDER BY workflow, step, name, kind";
    rows(recorded, sql)
}

/// The same from the rows.
pub(super) fn error_instants_from_rows(recorded: &Recorded) -> Vec<Vec<String>> {
    let sql = "SELECT workflow, step, name, error_kind, min(ended_at), max(ended_at) FROM requests WHERE failed \
               GROUP BY workflow, step, name, error_kind ORDER BY workflow, step, name, error_kind";
    rows(recorded, sql)
}
