//! Sequence IDs, which tie the requests of one journey together, and the randomness they are made of.

use std::cell::Cell;
use std::fs::File;
use std::io::Read;

use uuid::{Builder, Uuid};

/// The sequence ID that is given when none can be made, because the operating system has no randomness to give.
pub const DEFAULT_SEQUENCE_ID: &str = "c276c8c7-6fec-5aa9-b6bd-4de12a49a9bb";

/// The state of xoshiro256++, one generator for each thread. Each starts with 256 bits from the operating system, so
/// that no two meet; asking the system for every ID would cost a call for every iteration.
#[derive(Clone, Copy)]
enum Generator {
    Unseeded,
    Seeded([u64; 4]),
}

thread_local! {
    static GENERATOR: Cell<Generator> = const { Cell::new(Generator::Unseeded) };
}

/// A fresh UUIDv4 in its usual form, or [`DEFAULT_SEQUENCE_ID`]: it never fails.
#[must_use]
pub fn new_sequence_id() -> String {
    fresh().map_or_else(|| DEFAULT_SEQUENCE_ID.to_owned(), |id| id.to_string())
}

/// A sequence ID as text that needs no allocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SequenceId([u8; 36]);

impl SequenceId {
    pub(crate) fn fresh() -> Self {
        let mut text = [0; 36];
        match fresh() {
            Some(id) => {
                id.hyphenated().encode_lower(&mut text);
            }
            None => text.copy_from_slice(DEFAULT_SEQUENCE_ID.as_bytes()),
        }
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a UUID is written in ASCII")
    }
}

fn fresh() -> Option<Uuid> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random()?.to_ne_bytes());
    bytes[8..].copy_from_slice(&random()?.to_ne_bytes());
    Some(Builder::from_random_bytes(bytes).into_uuid())
}

/// 64 random bits; none when the operating system has no randomness to start from.
pub(crate) fn random() -> Option<u64> {
    GENERATOR.with(|generator| {
        let mut state = match generator.get() {
            Generator::Seeded(state) => state,
            Generator::Unseeded => seed()?,
        };
        let bits = next(&mut state);
        generator.set(Generator::Seeded(state));
        Some(bits)
    })
}

fn seed() -> Option<[u64; 4]> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom").ok()?.read_exact(&mut bytes).ok()?;
    let (words, _) = bytes.as_chunks::<8>();
    let mut state = [0; 4];
    for (word, bytes) in state.iter_mut().zip(words) {
        *word = u64::from_ne_bytes(*bytes);
    }
    (state != [0; 4]).then_some(state)
}

/// xoshiro256++ 1.0 by David Blackman and Sebastiano Vigna.
fn next(state: &mut [u64; 4]) -> u64 {
    let result = state[0]
        .wrapping_add(state[3])
        .rotate_left(23)
        .wrapping_add(state[0]);
    let shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = state[3].rotate_left(45);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_version_4_uuids_and_differ_over_threads() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..1_000).map(|_| new_sequence_id()).collect::<Vec<_>>()))
            .collect();
        let mut seen = HashSet::new();
        for id in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4, "{id}");
            assert!(seen.insert(id));
        }
    }

    #[test]
    fn the_generator_is_the_published_one() {
        let mut state = [1, 2, 3, 4];
        let numbers: Vec<_> = (0..4).map(|_| next(&mut state)).collect();
        assert_eq!(
            numbers,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386
            ]
        );
    }

    #[test]
    fn the_default_is_a_uuid_too() {
        assert!(Uuid::parse_str(DEFAULT_SEQUENCE_ID).is_ok());
    }
}
