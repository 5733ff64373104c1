//! Iterations of which a request has failed, and that have not ended yet: their own failure repeats that error.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::names::Symbol;

/// Iterations that are kept. Those beyond never ended, as far as is known: all are forgotten then.
const MOST: usize = 1 << 16;

/// Workflows and numbers of iterations that run.
#[derive(Debug, Default)]
pub(crate) struct FailingIterations(HashSet<(Symbol, u64), RandomState>);

impl FailingIterations {
    /// A request of an iteration has failed.
    pub(crate) fn add(&mut self, workflow: Symbol, iteration: u64) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert((workflow, iteration));
    }

    pub(crate) fn save(&self) -> (Vec<Symbol>, Vec<u64>) {
        self.0.iter().copied().unzip()
    }

    pub(crate) fn restore(workflows: Vec<Symbol>, numbers: Vec<u64>) -> Self {
        Self(workflows.into_iter().zip(numbers).collect())
    }

    /// Whether a request of an iteration that ends had failed.
    pub(crate) fn take(&mut self, workflow: Symbol, iteration: u64) -> bool {
        !self.0.is_empty() && self.0.remove(&(workflow, iteration))
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::EMPTY;
    use super::*;

    #[test]
    fn an_iteration_is_known_until_it_ends_and_their_number_is_bounded() {
        let mut failing = FailingIterations::default();
        failing.add(EMPTY, 7);
        assert!(failing.take(EMPTY, 7) && !failing.take(EMPTY, 7));
        for n in 0..3 * MOST as u64 {
            failing.add(EMPTY, n);
        }
        assert!(failing.0.len() <= MOST && failing.take(EMPTY, 3 * MOST as u64 - 1));
    }
}
