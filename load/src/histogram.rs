//! Sparse histograms of ns with a relative error below 0.05%, that merge without adding any.
//!
//! The buckets are those of an HdrHistogram with 3 significant digits and a unit of 1 ns (G. Tene, HdrHistogram):
//! exact below 2,048 ns, then 1,024 buckets for every doubling. Only buckets with a count take memory, so that
//! there can be one for each request identity and second.

const EXACT_BELOW: u64 = 2048;
const BUCKETS_PER_DOUBLING: u64 = 1024;

/// A histogram with this many times fewer buckets is merged bucket by bucket.
const FEW: usize = 4;

/// Counts of values in ns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Sorted by bucket; no count is 0.
    buckets: Vec<(u16, u64)>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// Bytes that are not an encoded histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an encoded histogram")]
pub struct Malformed;

impl Histogram {
    /// Counts one value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value `n` times.
    pub fn record_n(&mut self, value: u64, n: u64) {
        if n == 0 {
            return;
        }
        let bucket = bucket_of(value);
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(place) => self.buckets[place].1 += n,
            Err(place) => self.buckets.insert(place, (bucket, n)),
        }
        self.min = if self.count == 0 {
            value
        } else {
            self.min.min(value)
        };
        self.max = self.max.max(value);
        self.count += n;
        self.sum += u128::from(value) * u128::from(n);
    }

    /// Adds all of another histogram: the same as recording its values here.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.min = if self.count == 0 {
            other.min
        } else {
            self.min.min(other.min)
        };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        if other.buckets.len() * FEW <= self.buckets.len() {
            self.merge_few(&other.buckets);
            return;
        }
        let mine = std::mem::take(&mut self.buckets);
        self.buckets.reserve(mine.len() + other.buckets.len() / 2);
        let (mut a, mut b) = (
            mine.into_iter().peekable(),
            other.buckets.iter().copied().peekable(),
        );
        while let (Some((bucket_a, count_a)), Some((bucket_b, count_b))) =
            (a.peek().copied(), b.peek().copied())
        {
            let bucket = bucket_a.min(bucket_b);
            let mut count = 0;
            if bucket_a == bucket {
                count += count_a;
                a.next();
            }
            if bucket_b == bucket {
                count += count_b;
                b.next();
            }
            self.buckets.push((bucket, count));
        }
        self.buckets.extend(a);
        self.buckets.extend(b);
    }

    /// Adds a few buckets in place: most of them are there already, so that nothing has to move.
    fn merge_few(&mut self, other: &[(u16, u64)]) {
        let mut missing = Vec::new();
        let mut from = 0;
        for (bucket, count) in other {
            match self.buckets[from..].binary_search_by_key(bucket, |(bucket, _)| *bucket) {
                Ok(place) => {
                    from += place;
                    self.buckets[from].1 += count;
                }
                Err(place) => {
                    from += place;
                    missing.push((*bucket, *count));
                }
            }
        }
        // From the back, so that each bucket moves at most once.
        let mut read = self.buckets.len();
        let mut write = read + missing.len();
        self.buckets.resize(write, (0, 0));
        for new in missing.into_iter().rev() {
            while read > 0 && self.buckets[read - 1].0 > new.0 {
                (read, write) = (read - 1, write - 1);
                self.buckets[write] = self.buckets[read];
            }
            write -= 1;
            self.buckets[write] = new;
        }
    }

    /// How many buckets it holds in memory.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.buckets.len()
    }

    /// How many values there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all values in ns, exact.
    #[must_use]
    pub const fn sum_ns(&self) -> u128 {
        self.sum
    }

    /// The smallest value, exact; 0 without values.
    #[must_use]
    pub const fn min_ns(&self) -> u64 {
        self.min
    }

    /// The largest value, exact; 0 without values.
    #[must_use]
    pub const fn max_ns(&self) -> u64 {
        self.max
    }

    /// The mean of all values, exact but for the float; 0 without values.
    #[must_use]
    pub fn mean_ns(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum as f64 / self.count as f64
        }
    }

    /// The smallest value that at least the share `quantile` (0 to 1, six decimals count) of all values do not exceed,
    /// as SQL's `percentile_disc`: within 0.05% of it. 0 without values.
    #[must_use]
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        let [value] = self.quantiles_ns([quantile]);
        value
    }

    /// Several ascending quantiles at once, as [`Self::quantile_ns`] has each.
    #[must_use]
    pub fn quantiles_ns<const N: usize>(&self, quantiles: [f64; N]) -> [u64; N] {
        let mut buckets = self.buckets.iter();
        let (mut seen, mut value) = (0, self.min);
        quantiles.map(|quantile| {
            let millionths = (quantile.clamp(0.0, 1.0) * 1e6).round() as u128;
            let rank = ((u128::from(self.count) * millionths).div_ceil(1_000_000) as u64).max(1);
            while seen < rank
                && let Some((bucket, count)) = buckets.next()
            {
                seen += count;
                value = middle_of(*bucket).clamp(self.min, self.max);
            }
            value
        })
    }

    /// How many values are at most `value`, by buckets.
    #[must_use]
    pub fn count_up_to(&self, value: u64) -> u64 {
        self.counts_up_to(&[value]).into_iter().sum()
    }

    /// The same of each of several ascending values.
    #[must_use]
    pub fn counts_up_to(&self, values: &[u64]) -> Vec<u64> {
        let mut buckets = self.buckets.iter().peekable();
        let mut seen = 0;
        let mut up_to = |value: &u64| {
            let bucket = bucket_of(*value);
            while let Some((_, count)) = buckets.next_if(|(other, _)| *other <= bucket) {
                seen += count;
            }
            seen
        };
        values.iter().map(&mut up_to).collect()
    }

    /// The buckets that have a count: the highest value each holds, and the count; ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.buckets
            .iter()
            .map(|(bucket, count)| (lowest_of(*bucket) + (width_of(*bucket) - 1), *count))
    }

    /// The compact form that travels and is stored: LEB128 numbers — min, max, sum, number of buckets, then for each
    /// bucket its distance from the one before and its count. Nothing at all without values.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(if self.count == 0 {
            0
        } else {
            24 + 3 * self.buckets.len()
        });
        if self.count == 0 {
            return out;
        }
        for number in [
            u128::from(self.min),
            u128::from(self.max),
            self.sum,
            self.buckets.len() as u128,
        ] {
            write_number(number, &mut out);
        }
        let mut before = 0;
        for (bucket, count) in &self.buckets {
            write_number(u128::from(bucket - before), &mut out);
            write_number(u128::from(*count), &mut out);
            before = *bucket;
        }
        out
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are anything else; no input panics or takes memory beyond its own size.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut number = || read_number(&mut bytes).ok_or(Malformed);
        let narrow = |number: u128| u64::try_from(number).map_err(|_| Malformed);
        let (min, max, sum, length) = (
            narrow(number()?)?,
            narrow(number()?)?,
            number()?,
            narrow(number()?)?,
        );
        let mut histogram = Self {
            min,
            max,
            sum,
            ..Self::default()
        };
        let mut before: Option<u16> = None;
        for _ in 0..length {
            let step = u16::try_from(number()?).map_err(|_| Malformed)?;
            let bucket = before.unwrap_or(0).checked_add(step).ok_or(Malformed)?;
            let count = narrow(number()?)?;
            if (before.is_some() && step == 0) || count == 0 || bucket > LAST_BUCKET {
                return Err(Malformed);
            }
            before = Some(bucket);
            histogram.count = histogram.count.checked_add(count).ok_or(Malformed)?;
            histogram.buckets.push((bucket, count));
        }
        if histogram.count == 0 || min > max || !bytes.is_empty() {
            return Err(Malformed);
        }
        Ok(histogram)
    }
}

const LAST_BUCKET: u16 = bucket_of(u64::MAX);

const fn bucket_of(value: u64) -> u16 {
    if value < EXACT_BELOW {
        return value as u16;
    }
    // The highest 11 bits of the value, and how far they are shifted.
    let shift = 53 - value.leading_zeros() as u64;
    (EXACT_BELOW + (shift - 1) * BUCKETS_PER_DOUBLING + ((value >> shift) - BUCKETS_PER_DOUBLING)) as u16
}

fn lowest_of(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < EXACT_BELOW {
        return bucket;
    }
    let beyond = bucket - EXACT_BELOW;
    (BUCKETS_PER_DOUBLING + beyond % BUCKETS_PER_DOUBLING) << (beyond / BUCKETS_PER_DOUBLING + 1)
}

fn width_of(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < EXACT_BELOW {
        1
    } else {
        2 << ((bucket - EXACT_BELOW) / BUCKETS_PER_DOUBLING)
    }
}

fn middle_of(bucket: u16) -> u64 {
    lowest_of(bucket) + (width_of(bucket) - 1) / 2
}

fn write_number(mut number: u128, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u128> {
    let mut number = 0u128;
    for shift in (0..126).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u128::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
