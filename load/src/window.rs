//! The windows of a job: warm-up, steady and ramp-down.

use crate::load::Load;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// A part of a job's time. An iteration lies in the window of the instant at which it was scheduled, a request in that
    /// of its start; none is ever left out of the results.
    pub enum Window: "window" default Steady {
        /// Before the measured duration.
        WarmUp = "warm-up",
        /// The measured duration.
        Steady = "steady",
        /// From where rates or users only decrease, to the end.
        RampDown = "ramp-down",
    }
}

/// Where the windows of a job meet, in ns from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// What lies before is warm-up.
    pub warm_up_ns: u64,
    /// What lies from here on is ramp-down.
    pub ramp_down_ns: u64,
}

impl Default for Windows {
    /// All is steady.
    fn default() -> Self {
        Self {
            warm_up_ns: 0,
            ramp_down_ns: u64::MAX,
        }
    }
}

impl Windows {
    /// The windows of a load.
    #[must_use]
    pub fn new(load: &Load) -> Self {
        let ramp_down_ns = load.ramp_down_from_ns();
        Self {
            warm_up_ns: load.warm_up_ns,
            // What a load without a ramp-down does after its end is steady.
            ramp_down_ns: if ramp_down_ns < load.duration_ns() {
                ramp_down_ns
            } else {
                u64::MAX
            },
        }
    }

    /// The window of an instant; what lies before the start belongs to its beginning.
    #[must_use]
    pub fn at(&self, at_ns: i64) -> Window {
        let at_ns = u64::try_from(at_ns).unwrap_or(0);
        if at_ns < self.warm_up_ns {
            Window::WarmUp
        } else if at_ns < self.ramp_down_ns {
            Window::Steady
        } else {
            Window::RampDown
        }
    }

    /// The window in which a second begins.
    #[must_use]
    pub fn of_second(&self, second: u32) -> Window {
        self.at(i64::from(second) * 1_000_000_000)
    }

    /// From when to when a window is, in a job that goes on until `end_ns`; `None` if it is empty.
    #[must_use]
    pub fn span_ns(&self, window: Window, end_ns: u64) -> Option<(u64, u64)> {
        let warm = self.warm_up_ns.min(end_ns);
        let down = self.ramp_down_ns.clamp(warm, end_ns);
        let (from, until) = match window {
            Window::WarmUp => (0, warm),
            Window::Steady => (warm, down),
            Window::RampDown => (down, end_ns),
        };
        (from < until).then_some((from, until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_lies_in_one_window() {
        let windows = Windows {
            warm_up_ns: 10,
            ramp_down_ns: 20,
        };
        let at = [-5, 0, 9, 10, 19, 20, i64::MAX].map(|at_ns| windows.at(at_ns).as_str());
        assert_eq!(
            at,
            [
                "warm-up",
                "warm-up",
                "warm-up",
                "steady",
                "steady",
                "ramp-down",
                "ramp-down"
            ]
        );
        assert_eq!(Windows::default().at(0), Window::Steady);
    }

    #[test]
    fn windows_cover_the_job_and_empty_ones_are_none() {
        let windows = Windows {
            warm_up_ns: 10,
            ramp_down_ns: 20,
        };
        assert_eq!(windows.span_ns(Window::WarmUp, 30), Some((0, 10)));
        assert_eq!(windows.span_ns(Window::Steady, 30), Some((10, 20)));
        assert_eq!(windows.span_ns(Window::RampDown, 30), Some((20, 30)));
        assert_eq!(windows.span_ns(Window::RampDown, 15), None);
        assert_eq!(windows.span_ns(Window::Steady, 15), Some((10, 15)));
        assert_eq!(Windows::default().span_ns(Window::WarmUp, 5), None);
    }
}
