//! The clocks that results, journal and delivery read: those of the host. With the feature `simulation` a test may put another
//! time in their place, for its thread.

#[cfg(not(feature = "simulation"))]
pub(crate) use heavy_process::clock::monotonic_ns;

#[cfg(feature = "simulation")]
pub(crate) use simulated::{monotonic_ns, now, random, set_ns};

/// The present, for limits within this process.
#[cfg(not(feature = "simulation"))]
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// A number that other agents do not have.
#[cfg(not(feature = "simulation"))]
pub(crate) fn random() -> u32 {
    use std::hash::{BuildHasher, RandomState};

    // A fresh hasher is as good as a random number for this.
    RandomState::new().hash_one(0) as u32
}

#[cfg(feature = "simulation")]
mod simulated {
    use std::cell::Cell;
    use std::hash::{BuildHasher, RandomState};
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    use heavy_process::clock;

    /// Where the instants of simulations begin.
    static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

    thread_local! {
        static NOW_NS: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// Sets the time of this thread, or gives it that of the host again.
    pub(crate) fn set_ns(now_ns: Option<u64>) {
        NOW_NS.set(now_ns);
    }

    pub(crate) fn monotonic_ns() -> u64 {
        NOW_NS.get().unwrap_or_else(clock::monotonic_ns)
    }

    /// What follows from the time of a simulation is the same each time.
    pub(crate) fn random() -> u32 {
        let now_ns = NOW_NS.get();
        now_ns.map_or_else(
            || RandomState::new().hash_one(0),
            |now_ns| now_ns.wrapping_mul(0x9e37_79b9),
        ) as u32
    }

    pub(crate) fn now() -> Instant {
        NOW_NS
            .get()
            .map_or_else(Instant::now, |now_ns| *BEGINNING + Duration::from_nanos(now_ns))
    }
}
