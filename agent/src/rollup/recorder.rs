//! Recording into a sparse histogram, many values at a time: one by one, most of the time would go into moving
//! buckets aside for new ones.

use heavy_load::histogram::Histogram;

/// Number of values that wait; sorting and merging them costs a fraction of recording each.
const WAITING: usize = 512;

/// A histogram and the values that are not yet in it.
#[derive(Debug, Default)]
pub(crate) struct BatchedRecorder {
    waiting: Vec<u64>,
    histogram: Histogram,
}

impl BatchedRecorder {
    pub(crate) fn record(&mut self, value: u64) {
        self.waiting.push(value);
        if self.waiting.len() >= WAITING {
            self.merge();
        }
    }

    pub(crate) fn finish(mut self) -> Histogram {
        self.merge();
        self.histogram
    }

    fn merge(&mut self) {
        self.waiting.sort_unstable();
        let mut sorted = Histogram::default();
        for value in self.waiting.drain(..) {
            sorted.record(value);
        }
        self.histogram.merge(&sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_same_as_recording(values in prop::collection::vec(0u64..1_000_000, 0..2000)) {
            let (mut recorder, mut histogram) = (BatchedRecorder::default(), Histogram::default());
            for value in values {
                recorder.record(value);
                histogram.record(value);
            }
            prop_assert_eq!(recorder.finish(), histogram);
        }
    }
}
