//! The histograms of a job's seconds, which hold every request and iteration, whatever rows were kept.

use heavy_load::histogram::Histogram;
use uuid::Uuid;

use crate::{Error, Store};

/// What ended in one second of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondHistograms {
    /// From the job's start.
    pub second: u64,
    /// Durations of requests, in ns.
    pub durations: Histogram,
    /// Response times of iterations, in ns; none of users without pacing.
    pub responses: Histogram,
}

/// The seconds of a job from `from` on, ascending, at most `limit`.
///
/// # Errors
/// When the database cannot be read, and when it holds something else than was written.
pub async fn second_histograms(
    store: &dyn Store,
    job: Uuid,
    from: u64,
    limit: usize,
) -> Result<Vec<SecondHistograms>, Error> {
    let from = crate::text::count(from);
    let sql = format!(
        "SELECT second, duration_histogram, response_histogram FROM seconds \
         WHERE job_id = '{job}' AND second >= {from} ORDER BY second"
    );
    let table = store.query(&sql, limit).await?;
    table.rows.iter().map(|row| parse(job, row)).collect()
}

fn parse(job: Uuid, row: &[Option<String>]) -> Result<SecondHistograms, Error> {
    let corrupt = |problem: String| Error::Corrupt {
        what: format!("seconds of job {job}"),
        problem,
    };
    let [Some(second), Some(durations), Some(responses)] = row else {
        return Err(corrupt("a second or its histogram is missing".to_owned()));
    };
    let histogram = |text: &str| {
        let bytes = bytes(text).ok_or_else(|| corrupt("a histogram is not bytes".to_owned()))?;
        Histogram::decode(&bytes).map_err(|error| corrupt(format!("second {second}: {error}")))
    };
    Ok(SecondHistograms {
        second: second
            .parse()
            .map_err(|_| corrupt(format!("{second} is not a second")))?,
        durations: histogram(durations)?,
        responses: histogram(responses)?,
    })
}

/// Bytes as both databases show them in text: `\x` and hex digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_from_hex() {
        assert_eq!(bytes("\\x00ff1a"), Some(vec![0, 255, 26]));
        assert_eq!(bytes("\\x"), Some(Vec::new()));
        for text in ["", "00", "\\x0", "\\x0g"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
