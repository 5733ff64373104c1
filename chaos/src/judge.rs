//! Compares what the store holds of a job with what its load tests finished writing, by id and content.

use std::io;
use std::path::Path;

use heavy_plugin::line::Line;
use heavy_store::{ExportRelation, RowSink, Store};
use serde_json::Value;
use uuid::Uuid;

use crate::REAL_REQUEST;
use crate::expected::{StoredValues, differing_iteration, differing_request, iteration_key, request_key};
use crate::judged::JudgedJob;
use crate::written::WrittenLines;

/// How many examples of each kind are kept.
const EXAMPLES: usize = 3;

/// How much of a value is shown in one.
const EXAMPLE_BYTES: usize = 60;

/// Judges a job.
///
/// `target` is how many requests of the job an independent target has counted.
///
/// # Errors
/// When the ledgers or the store cannot be read.
pub async fn judge(
    store: &dyn Store,
    job: Uuid,
    ledgers: &Path,
    target: Option<u64>,
) -> anyhow::Result<JudgedJob> {
    let mut written = WrittenLines::read(ledgers)?;
    let mut judged = JudgedJob {
        processes: written.processes() as u64,
        requests: written.requests,
        iterations: written.iterations,
        unknown: written.unknown,
        run_twice: written.run_twice,
        altered: written.wrong.len() as u64,
        target,
        ..JudgedJob::default()
    };
    judged.examples.extend(written.wrong.drain(..).take(EXAMPLES));
    for relation in [ExportRelation::Requests, ExportRelation::Iterations] {
        let mut sink = Comparison {
            written: &mut written,
            judged: &mut judged,
            relation,
            kept: 0,
        };
        store.export(job, relation, &mut sink).await?;
    }
    count_lost(&written, &mut judged);
    totals(store, job, &mut judged).await?;
    judged.conclude(written.answered);
    Ok(judged)
}

/// Takes the rows of a relation as they are read.
struct Comparison<'a> {
    written: &'a mut WrittenLines,
    judged: &'a mut JudgedJob,
    relation: ExportRelation,
    kept: usize,
}

impl Comparison<'_> {
    fn example(&mut self, text: impl FnOnce() -> String) {
        if self.kept < EXAMPLES {
            self.kept += 1;
            self.judged.examples.push(text());
        }
    }
}

impl RowSink for Comparison<'_> {
    fn row(&mut self, values: &[Option<std::borrow::Cow<'_, str>>]) -> io::Result<()> {
        let is_request = self.relation == ExportRelation::Requests;
        let key = if is_request {
            self.judged.request_rows += 1;
            request_key(value(values, request_place("request_id"))).into_owned()
        } else {
            self.judged.iteration_rows += 1;
            let number = value(values, iteration_place("iteration"));
            iteration_key(number, value(values, iteration_place("sequence_id")))
        };
        let Some(line) = self.written.lines.get_mut(key.as_str()) else {
            self.judged.spurious += 1;
            self.example(|| format!("spurious: the store has {key}, which nobody wrote"));
            return Ok(());
        };
        line.stored += 1;
        if line.stored > 1 {
            self.judged.doubled += 1;
            self.example(|| format!("doubled: the store has {key} again"));
        }
        let wrong = differing(self.written, &key, values);
        if !wrong.is_empty() {
            self.judged.altered += 1;
            let relation = self.relation;
            self.example(|| {
                let stored = |name: &&str| {
                    let value = value(values, field_place(relation, name));
                    format!(
                        "{name} is {:?}",
                        &value[..value.floor_char_boundary(EXAMPLE_BYTES)]
                    )
                };
                let stored: Vec<String> = wrong.iter().map(stored).collect();
                format!("altered: of {key}, {}", stored.join(", "))
            });
        }
        Ok(())
    }
}

fn differing(written: &WrittenLines, key: &str, values: &StoredValues<'_>) -> Vec<&'static str> {
    let Some((text, head)) = written.line(key) else {
        return Vec::new();
    };
    match Line::decode(text.trim_ascii_end()) {
        Ok(Line::Request(line)) => differing_request(&line, &head.agent, values, request_place),
        Ok(Line::Iteration(line)) => differing_iteration(&line, &head.agent, values, iteration_place),
        _ => Vec::new(),
    }
}

fn value<'a>(values: &'a StoredValues<'_>, place: usize) -> &'a str {
    values[place].as_deref().unwrap_or_default()
}

fn request_place(name: &str) -> usize {
    field_place(ExportRelation::Requests, name)
}

fn iteration_place(name: &str) -> usize {
    field_place(ExportRelation::Iterations, name)
}

fn field_place(relation: ExportRelation, name: &str) -> usize {
    let fields = relation.fields();
    fields
        .iter()
        .position(|field| field.name == name)
        .unwrap_or_else(|| panic!("{} has no column {name}", relation.name()))
}

fn count_lost(written: &WrittenLines, judged: &mut JudgedJob) {
    let mut lost: Vec<&str> = Vec::new();
    for (key, line) in &written.lines {
        if line.finished && line.stored == 0 {
            if line.is_iteration {
                judged.missing_iterations += 1;
            } else {
                judged.missing_requests += 1;
            }
            lost.push(key);
        }
    }
    lost.sort_unstable();
    let examples = lost.iter().take(EXAMPLES);
    judged.examples.extend(examples.map(|key| {
        let agent = written.line(key).map_or("", |(_, head)| &*head.agent);
        format!("missing: the store does not have {key} of {agent}")
    }));
}

/// Reads the job's totals and its summary.
async fn totals(store: &dyn Store, job: Uuid, judged: &mut JudgedJob) -> anyhow::Result<()> {
    let name = REAL_REQUEST;
    let sql = format!(
        "SELECT state, coalesce(verdict, ''), reason, \
         (SELECT coalesce(sum(count), 0) FROM request_stats WHERE job_id = '{job}'), \
         (SELECT coalesce(sum(count), 0) FROM request_stats WHERE job_id = '{job}' AND name = '{name}'), \
         (SELECT coalesce(sum(completed + interrupted), 0) FROM assignments WHERE job_id = '{job}'), \
         (SELECT coalesce(sum(voided_requests), 0) FROM assignments WHERE job_id = '{job}'), \
         (SELECT coalesce(sum(voided_iterations), 0) FROM assignments WHERE job_id = '{job}'), \
         (SELECT coalesce(sum(count), 0) FROM status_counts WHERE job_id = '{job}' AND name = '{name}' AND status <> 0), \
         (SELECT coalesce(sum(completed), 0) FROM assignments WHERE job_id = '{job}'), \
         (SELECT coalesce(sum(requests), 0) FROM seconds WHERE job_id = '{job}'), \
         (SELECT coalesce(sum(ok + failed), 0) FROM seconds WHERE job_id = '{job}'), \
         (SELECT count(*) FROM ({differing}) AS miscounted), \
         (SELECT count(*) FROM events WHERE job_id = '{job}' AND kind IN ('revision-late', 'revision-unacknowledged')) \
         FROM jobs WHERE id = '{job}'",
        differing = miscounted(job)
    );
    let found = store.query(&sql, 1).await?;
    let row: Vec<String> = found
        .rows
        .into_iter()
        .flatten()
        .map(Option::unwrap_or_default)
        .collect();
    let number = |place: usize| -> u64 {
        let text = row.get(place).map_or("", |text| text);
        text.split('.')
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    };
    judged.state = row.first().cloned().unwrap_or_default();
    judged.verdict = row.get(1).cloned().unwrap_or_default();
    judged.reason = row.get(2).cloned().unwrap_or_default();
    judged.total_requests = number(3);
    judged.total_real_requests = number(4);
    judged.total_iterations = number(5);
    judged.voided_requests = number(6);
    judged.voided_iterations = number(7);
    judged.total_answered = number(8);
    judged.total_completed = number(9);
    judged.series_requests = number(10);
    judged.series_completed = number(11);
    judged.miscounted = number(12);
    judged.late_revisions = number(13);
    let sql = format!("SELECT document FROM summaries WHERE job_id = '{job}'");
    let document = store
        .query(&sql, 1)
        .await?
        .rows
        .into_iter()
        .flatten()
        .flatten()
        .next();
    if let Some(summary) = document.and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
        of_summary(&summary, judged);
    }
    Ok(())
}

/// Selects the names and statuses of which the totals count another number of requests than there are rows.
fn miscounted(job: Uuid) -> String {
    let key = "workflow, step, name, method, status";
    format!(
        "SELECT {key} FROM (\
             SELECT {key}, 1 AS stored, 0 AS counted FROM requests WHERE job_id = '{job}' \
             UNION ALL SELECT {key}, 0, count FROM status_counts WHERE job_id = '{job}'\
         ) AS requests_and_counts GROUP BY {key} HAVING sum(stored) <> sum(counted)"
    )
}

fn of_summary(summary: &Value, judged: &mut JudgedJob) {
    let iterations = &summary["iterations"];
    let number = |name: &str| iterations[name].as_u64().unwrap_or(0);
    judged.summary_requests = summary["requests"]["duration"]["count"].as_u64();
    judged.summary_iterations = Some(number("ok") + number("failed") + number("interrupted"));
    judged.interrupted = number("interrupted");
    judged.lost_iterations = number("lost");
    judged.unknown_iterations = number("unknown");
    let drops = iterations["dropped"].as_object();
    judged.dropped = drops.map_or(0, |reasons| reasons.values().filter_map(Value::as_u64).sum());
    judged.scheduled = number("scheduled");
    judged.started = number("started");
    judged.planned = number("planned");
}
