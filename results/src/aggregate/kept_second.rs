//! A second that the series keeps. Once it is complete and written it is packed: dozens of seconds with their histograms
//! would take most of the memory of a job with many different times.

use std::borrow::Cow;

use super::interval::Interval;
use crate::summary::Accounting;
use heavy_load::histogram::Histogram;

/// Sums over a second.
#[derive(Debug, Default)]
pub(super) struct KeptSecond {
    /// Without its histograms while they are packed.
    sums: Interval,
    packed: Option<PackedTimes>,
}

#[derive(Debug)]
struct PackedTimes {
    duration: Box<[u8]>,
    response: Box<[u8]>,
    p99_ns: Option<u64>,
}

impl KeptSecond {
    /// To add to it; it is packed no more.
    pub(super) fn open(&mut self) -> &mut Interval {
        if let Some(packed) = self.packed.take() {
            packed.unpack_into(&mut self.sums);
        }
        &mut self.sums
    }

    /// Takes less memory from now on.
    pub(super) fn pack(&mut self) {
        if self.packed.is_none() {
            let p99_ns = p99_ns(&self.sums);
            let mut pack = |times: fn(&mut Interval) -> &mut Histogram| {
                std::mem::take(times(&mut self.sums)).encode().into_boxed_slice()
            };
            self.packed = Some(PackedTimes {
                duration: pack(|sums| &mut sums.duration),
                response: pack(|sums| &mut sums.response),
                p99_ns,
            });
        }
    }

    /// What was counted.
    pub(super) const fn counts(&self) -> &Accounting {
        &self.sums.iterations
    }

    /// All of it.
    pub(super) fn sums(&self) -> Cow<'_, Interval> {
        match &self.packed {
            None => Cow::Borrowed(&self.sums),
            Some(packed) => {
                let mut sums = self.sums.clone();
                packed.unpack_into(&mut sums);
                Cow::Owned(sums)
            }
        }
    }

    /// The 99th percentile of response times, or of the durations of requests where there is none.
    pub(super) fn p99_ns(&self) -> Option<u64> {
        match &self.packed {
            None => p99_ns(&self.sums),
            Some(packed) => packed.p99_ns,
        }
    }
}

fn p99_ns(sums: &Interval) -> Option<u64> {
    let all = [&sums.response, &sums.duration];
    let times = all.into_iter().find(|times| times.count() > 0)?;
    Some(times.quantile_ns(0.99))
}

impl PackedTimes {
    /// They were encoded here, so that they can be decoded.
    fn unpack_into(&self, sums: &mut Interval) {
        sums.duration = Histogram::decode(&self.duration).unwrap_or_default();
        sums.response = Histogram::decode(&self.response).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::{Iterations, Requests};

    fn add(second: &mut KeptSecond, values: &[u64]) {
        let mut times = Histogram::default();
        values.iter().for_each(|value| times.record(*value));
        second.open().add_requests(&Requests {
            failed: values.len() % 2 == 1,
            duration: times.clone(),
            ..Requests::default()
        });
        second.open().add_iterations(&Iterations {
            started: values.len() as u64,
            response: times,
            ..Iterations::default()
        });
    }

    proptest! {
        #[test]
        fn packing_changes_nothing(
            parts in prop::collection::vec((prop::collection::vec(0u64..60_000_000_000, 0..20), any::<bool>()), 1..8),
        ) {
            let (mut plain, mut second) = (KeptSecond::default(), KeptSecond::default());
            for (values, is_packed) in &parts {
                add(&mut plain, values);
                add(&mut second, values);
                if *is_packed {
                    second.pack();
                }
                let shown = |of: &KeptSecond| {
                    let sums = of.sums();
                    (sums.duration.encode(), sums.response.encode(), sums.requests_failed, of.counts().started, of.p99_ns())
                };
                prop_assert_eq!(shown(&second), shown(&plain));
            }
        }
    }
}
