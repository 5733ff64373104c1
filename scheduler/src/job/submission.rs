//! A submission on its way to a job: what the document becomes, and which key made which job.

use std::collections::{HashMap, VecDeque};

use heavy_results::job::{JobInfo, JobSpec, SpecError, shortened_name};
use uuid::Uuid;

const KEYS_KEPT: usize = 1024;

/// Idempotency keys of the newest submissions and the jobs that they made.
#[derive(Debug, Default)]
pub(crate) struct IdempotencyKeys {
    jobs: HashMap<String, Uuid>,
    order: VecDeque<String>,
}

impl IdempotencyKeys {
    pub(crate) fn job(&self, key: &str) -> Option<Uuid> {
        self.jobs.get(key).copied()
    }

    /// Notes which job a key made; the oldest key is forgotten when there are many. An empty key is not stored.
    pub(crate) fn remember(&mut self, key: &str, job: Uuid) {
        if key.is_empty() {
            return;
        }
        if self.order.len() >= KEYS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.jobs.remove(&oldest);
        }
        self.jobs.insert(key.to_owned(), job);
        self.order.push_back(key.to_owned());
    }
}

/// Refuses a stored document that is sent again as it is: what its variables were is not in it.
pub(crate) fn check_env(spec: &JobSpec) -> Result<(), SpecError> {
    let unknown = spec.blank_env();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(SpecError::Field {
        field: "env",
        problem: format!(
            "{:?} marks a value that heavy does not store: set {}",
            JobSpec::BLANK,
            unknown.join(", ")
        ),
    })
}

/// A job as it is when it has just been submitted.
pub(crate) fn new_job(mut spec: JobSpec, now_wall_ns: u64) -> JobInfo {
    let id = Uuid::now_v7();
    if spec.name.is_empty() {
        spec.run.name = shortened_name(&spec.binary_name);
    }
    if spec.is_random() && spec.execution.seed.is_none() {
        // What makes the id unique is as random as a seed need be. JSON of others holds 53 bits exactly.
        spec.execution.seed = Some((id.as_u128() as u64) >> 11);
    }
    JobInfo::queued(id, spec, now_wall_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_named_by_its_binary_can_be_read_again() {
        let (rate, duration) = ("5".parse().unwrap(), "1s".parse().unwrap());
        let mut spec = JobSpec::new("a".repeat(64), rate, duration);
        spec.binary_name = "x".repeat(255);
        let job = new_job(spec, 1);
        assert!(job.spec.name.starts_with("xxx"));
        // Agents read and check the document, and so do reruns.
        assert_eq!(job.spec.check(), Ok(()));
        let text = serde_json::to_string(&job.spec).unwrap();
        assert_eq!(JobSpec::parse(&text).unwrap(), job.spec);
    }
}
