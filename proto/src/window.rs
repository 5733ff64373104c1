//! Windows as numbers of the contract: the same in rows and in statistics.

use heavy_load::window::Window;

/// The number of a window.
#[must_use]
pub const fn number(window: Window) -> u32 {
    match window {
        Window::Steady => 0,
        Window::WarmUp => 1,
        Window::RampDown => 2,
    }
}

/// The window of a number.
#[must_use]
pub const fn window(number: u32) -> Option<Window> {
    match number {
        0 => Some(Window::Steady),
        1 => Some(Window::WarmUp),
        2 => Some(Window::RampDown),
        _ => None,
    }
}

/// The number of today for one of agents that numbered the windows of rows from the first to the last.
#[must_use]
pub const fn from_old(number: u32) -> u32 {
    match number {
        0 => 1,
        1 => 0,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_has_a_number() {
        for known in [Window::WarmUp, Window::Steady, Window::RampDown] {
            assert_eq!(window(number(known)), Some(known));
        }
        assert_eq!(window(3), None);
        let old = [0, 1, 2].map(|old| window(from_old(old)));
        assert_eq!(old, [Window::WarmUp, Window::Steady, Window::RampDown].map(Some));
    }
}
