//! A job's seconds as an HdrHistogram interval log.

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriter, IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};
use heavy_load::histogram::Histogram;
use heavy_results::job::JobInfo;
use heavy_store::{Error, Store, second_histograms};

use super::Destination;

/// Seconds that are read at once.
const PAGE: usize = 256;
/// As heavy's own.
const DIGITS: u8 = 3;
const NS_PER_MS: f64 = 1e6;
const RESPONSE_TIME: &str = "response_time";

type HdrLog<'a, 'b> = IntervalLogWriter<'a, 'b, Destination, V2DeflateSerializer>;

/// What of one interval has been read.
#[derive(Debug, Default)]
struct LogInterval {
    number: u64,
    durations: Histogram,
    responses: Histogram,
}

/// Writes the log, and returns what is in it.
pub(super) async fn write(
    store: &dyn Store,
    job: &JobInfo,
    interval_s: u64,
    out: &mut Destination,
) -> Result<String, Error> {
    let mut serializer = V2DeflateSerializer::new();
    let mut log = begin(job, out, &mut serializer)?;
    let (mut open, mut requests, mut intervals) = (None::<LogInterval>, 0, 0);
    let mut from = 0;
    loop {
        let page = second_histograms(store, job.id, from, PAGE).await?;
        let is_last = page.len() < PAGE;
        for second in page {
            from = second.second + 1;
            let number = second.second / interval_s;
            if let Some(whole) = open.take_if(|open| open.number != number) {
                whole.write(&mut log, interval_s)?;
            }
            let interval = open.get_or_insert_with(|| {
                intervals += 1;
                LogInterval {
                    number,
                    ..LogInterval::default()
                }
            });
            requests += second.durations.count();
            interval.durations.merge(&second.durations);
            interval.responses.merge(&second.responses);
        }
        if is_last {
            break;
        }
    }
    if let Some(whole) = open {
        whole.write(&mut log, interval_s)?;
    }
    Ok(format!(
        "{requests} requests in {intervals} intervals of {interval_s} s"
    ))
}

fn begin<'a, 'b>(
    job: &JobInfo,
    out: &'a mut Destination,
    serializer: &'b mut V2DeflateSerializer,
) -> Result<HdrLog<'a, 'b>, Error> {
    let started = Duration::from_nanos(job.started_at_wall_ns.unwrap_or(job.submitted_at_wall_ns));
    let started = SystemTime::UNIX_EPOCH + started;
    let name = heavy_report::escape(&job.spec.name);
    let log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(&format!("job {} ({name})", job.id))
        .add_comment("durations of requests in ns; with the tag response_time, response times of iterations")
        .with_start_time(started)
        .with_base_time(started)
        .with_max_value_divisor(NS_PER_MS)
        .begin_log_with(out, serializer)
        .map_err(Error::Output)?;
    Ok(log)
}

impl LogInterval {
    fn write(&self, log: &mut HdrLog<'_, '_>, interval_s: u64) -> Result<(), Error> {
        let start = Duration::from_secs(self.number * interval_s);
        let length = Duration::from_secs(interval_s);
        let mut line = |histogram: &Histogram, tag| {
            log.write_histogram(&as_hdr(histogram), start, length, tag)
                .map_err(|error| match error {
                    IntervalLogWriterError::IoError(error) => Error::Output(error),
                    IntervalLogWriterError::SerializeError(error) => {
                        Error::Output(std::io::Error::other(error.to_string()))
                    }
                })
        };
        line(&self.durations, None)?;
        if self.responses.count() > 0 {
            line(&self.responses, Tag::new(RESPONSE_TIME))?;
        }
        Ok(())
    }
}

/// Has the same buckets, so that every count stays where it is.
fn as_hdr(histogram: &Histogram) -> Hdr<u64> {
    let highest = histogram.max_ns().max(2);
    let mut hdr =
        Hdr::new_with_bounds(1, highest, DIGITS).expect("the bounds are in order and there are 3 digits");
    for (value, count) in histogram.buckets() {
        hdr.saturating_record_n(value.min(highest), count);
    }
    hdr
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_count_moves(values in proptest::collection::vec(0_u64..20_000_000_000_000, 0..50)) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.record(*value));
            let hdr = as_hdr(&histogram);
            prop_assert_eq!(hdr.len(), values.len() as u64);
            for value in &values {
                prop_assert_eq!(hdr.count_between(0, *value), histogram.count_up_to(*value));
            }
        }
    }
}
