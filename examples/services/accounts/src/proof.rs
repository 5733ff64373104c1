//! Client work: a proof that takes CPU from the generator.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The account, hashed `rounds` times.
pub(crate) fn proof(account: u64, rounds: u64) -> u64 {
    (0..rounds).fold(account, |last, round| {
        let mut hasher = DefaultHasher::new();
        (last, round).hash(&mut hasher);
        hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_round_of_a_proof_counts() {
        assert_eq!(proof(7, 0), 7);
        let proofs: HashSet<u64> = (0..10).map(|rounds| proof(7, rounds)).collect();
        assert_eq!(proofs.len(), 10);
    }
}
