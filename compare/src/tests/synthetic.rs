//! Jobs as real systems make them, for tests: long-tailed latencies, seconds that resemble their neighbours.

use crate::bootstrap::next;
use crate::recorder::{Extent, JobRecorder};
use heavy_load::histogram::Histogram;
use heavy_results::stats::{Delta, Iterations, Requests};

/// What a job is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Synthetic {
    pub(super) seed: u64,
    pub(super) seconds: u32,
    /// Requests of each endpoint in a second.
    pub(super) per_second: u32,
    /// How many of [`ENDPOINTS`] it requests.
    pub(super) endpoints: usize,
    /// What all times are longer by.
    pub(super) factor: f64,
    /// The endpoint whose times from P97 on are longer, and by which factor.
    pub(super) slower: Option<(usize, f64)>,
    /// How many of ten thousand requests of the first endpoint fail.
    pub(super) failing: u64,
}

pub(super) const ENDPOINTS: [(&str, f64); 4] = [
    ("GET /items", 8.0),
    ("GET /items/{id}", 3.0),
    ("POST /cart", 21.0),
    ("POST /pay", 90.0),
];

/// How far latencies spread: P99 is 1.8 times the median.
const SPREAD: f64 = 0.25;

/// The 97th percentile of the normal distribution: beyond it an endpoint may be slower.
const TAIL: f64 = 1.881;

impl Synthetic {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            seed,
            seconds: 120,
            per_second: 80,
            endpoints: ENDPOINTS.len(),
            factor: 1.0,
            slower: None,
            failing: 0,
        }
    }

    pub(super) fn record(&self) -> JobRecorder {
        let mut recorder = JobRecorder::new(Extent {
            first_second: 0,
            length_s: f64::from(self.seconds),
        });
        let mut draws = Normal {
            state: self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) + 1,
            spare: None,
        };
        let mut weather = 0.0;
        for second in 0..self.seconds {
            // An autoregression of first order with r = 0.6 that moves all latencies by 3%.
            weather = 0.6 * weather + 0.8 * 0.03 * draws.next();
            recorder.apply(&self.second(second, weather, &mut draws));
        }
        recorder
    }

    fn second(&self, second: u32, weather: f64, draws: &mut Normal) -> Delta {
        let mut requests = Vec::new();
        let mut iterations = Histogram::default();
        for (place, (name, median_ms)) in ENDPOINTS.into_iter().take(self.endpoints).enumerate() {
            let row = |failed| Requests {
                second,
                workflow: "shop".into(),
                step: if place == 3 { "pay".into() } else { "".into() },
                method: name.split(' ').next().unwrap_or_default().into(),
                name: name.into(),
                status: if failed { 500 } else { 200 },
                failed,
                ..Requests::default()
            };
            let (mut well, mut badly) = (row(false), row(true));
            for _ in 0..self.per_second {
                let normal = draws.next();
                let mut ms = self.factor * median_ms * (SPREAD * normal + weather).exp();
                if let Some((slower, factor)) = self.slower
                    && slower == place
                    && normal > TAIL
                {
                    ms *= factor;
                }
                let failed = place == 0 && next(&mut draws.state) % 10_000 < self.failing;
                let row = if failed { &mut badly } else { &mut well };
                row.duration.record((ms * 1e6) as u64);
            }
            iterations.merge(&well.duration);
            requests.push(well);
            if badly.duration.count() > 0 {
                requests.push(badly);
            }
        }
        Delta {
            requests,
            iterations: vec![Iterations {
                second,
                workflow: "shop".into(),
                scheduled: iterations.count(),
                started: iterations.count(),
                ok: iterations.count(),
                duration: iterations,
                ..Iterations::default()
            }],
            ..Delta::default()
        }
    }
}

/// Normal draws (G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", 1958).
struct Normal {
    state: u64,
    spare: Option<f64>,
}

impl Normal {
    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let mut even = || ((next(&mut self.state) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        let (radius, angle) = ((-2.0 * even().ln()).sqrt(), std::f64::consts::TAU * even());
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}
