//! Which raw rows are kept, and in which window of the job they lie.

use heavy_model::job::{JobSpec, Samples};

/// What a job wants of its raw rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) samples: Samples,
    pub(crate) keep_query: bool,
    /// What lies before is warm-up.
    warm_up_ns: u64,
    /// What lies from here on is ramp-down.
    ramp_down_ns: u64,
}

impl Keep {
    /// What a job's document says.
    pub(crate) fn of(spec: &JobSpec) -> Self {
        let load = spec.load();
        Self {
            samples: spec.samples,
            keep_query: spec.keep_query,
            warm_up_ns: load.warm_up_ns,
            ramp_down_ns: load.ramp_down_from_ns(),
        }
    }

    /// The window of an instant, as in the wire format: 0 warm-up, 1 steady, 2 ramp-down.
    pub(super) fn window(&self, at_ns: i64) -> u64 {
        let at_ns = u64::try_from(at_ns).unwrap_or(0);
        if at_ns < self.warm_up_ns {
            0
        } else {
            1 + u64::from(at_ns >= self.ramp_down_ns)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_load() {
        let text = r#"{"binary_sha256":"HASH","rate":"5","stages":["5s:5","5s:0"],"warm_up":"1s"}"#;
        let spec = JobSpec::parse(&text.replace("HASH", &"a".repeat(64))).unwrap();
        let keep = Keep::of(&spec);
        let windows = [-5, 0, 999, 1_000, 5_999, 6_000, 20_000].map(|ms| keep.window(ms * 1_000_000));
        assert_eq!(windows, [0, 0, 0, 1, 1, 2, 2]);
        let flat = JobSpec::new("a".repeat(64), "5".parse().unwrap(), "2s".parse().unwrap());
        assert_eq!(Keep::of(&flat).window(1_999_999_999), 1);
    }
}
