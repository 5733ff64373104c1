//! Which raw rows are kept, and in which window of the job they lie.

use heavy_load::window::Windows;
use heavy_proto::window;
use heavy_results::job::{JobSpec, Samples};

/// What a job wants of its raw rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) samples: Samples,
    pub(crate) keep_query: bool,
    /// Where the job's windows meet.
    windows: Windows,
}

impl Keep {
    pub(crate) fn of(spec: &JobSpec) -> Self {
        Self {
            samples: spec.samples,
            keep_query: spec.keep_query,
            windows: Windows::new(&spec.load()),
        }
    }

    /// The number of the window of an instant.
    pub(super) fn window(&self, at_ns: i64) -> u64 {
        u64::from(window::number(self.windows.at(at_ns)))
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
        assert_eq!(windows, [1, 1, 1, 0, 0, 2, 2]);
        let flat = JobSpec::new("a".repeat(64), "5".parse().unwrap(), "2s".parse().unwrap());
        assert_eq!(Keep::of(&flat).window(1_999_999_999), 0);
    }
}
