//! Ids of identities, and a cache of those that are known to be stored.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sqlx::PgConnection;
use uuid::Uuid;

use crate::identity::Identity;

/// Beyond this many jobs, or identities of one, the cache is cleared; storing one again does nothing.
const MOST_JOBS: usize = 64;
const MOST_IDENTITIES: usize = 100_000;

/// Those that a transaction of this process has committed.
#[derive(Debug, Default)]
pub(super) struct KnownIdentities(Mutex<HashMap<Uuid, HashSet<i64>>>);

impl KnownIdentities {
    /// The ones of `ids` that may not be stored yet, as places in `ids`, by ascending id.
    pub(super) fn unknown(&self, job: Uuid, ids: &[i64]) -> Vec<usize> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(&job);
        let mut unknown: Vec<usize> = (0..ids.len())
            .filter(|place| known.is_none_or(|known| !known.contains(&ids[*place])))
            .collect();
        // Transactions that store the same ones wait for each other in the same order.
        unknown.sort_unstable_by_key(|place| ids[*place]);
        unknown
    }

    pub(super) fn remember(&self, job: Uuid, ids: impl Iterator<Item = i64>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_JOBS && !known.contains_key(&job) {
            known.clear();
        }
        let known = known.entry(job).or_default();
        if known.len() >= MOST_IDENTITIES {
            known.clear();
        }
        known.extend(ids);
    }
}

/// An identity's id: the same in every process and version (FNV-1a, then the finisher of MurmurHash3).
pub(super) fn id(identity: &Identity) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for text in identity {
        text.bytes().for_each(&mut mix);
        // No byte of a text: texts are UTF-8.
        mix(0xff);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (hash ^ (hash >> 33)).cast_signed()
}

/// Stores identities; those that are there stay.
pub(super) async fn store(
    connection: &mut PgConnection,
    job: Uuid,
    ids: Vec<i64>,
    identities: &[&Identity],
) -> Result<(), sqlx::Error> {
    let mut query = sqlx::query(
        "INSERT INTO identities (job_id, id, agent, workflow, step, name, method, proto) \
         SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(job)
    .bind(ids);
    for column in 0..6 {
        let texts: Vec<String> = identities
            .iter()
            .map(|identity| identity[column].clone())
            .collect();
        query = query.bind(texts);
    }
    query.execute(connection).await.map(drop)
}
