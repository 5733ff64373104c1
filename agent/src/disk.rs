//! The files of spool, journal and recovery: those of the host. With the feature `simulation` a test may put a disk in memory
//! in their place, for its thread.

#[cfg(feature = "simulation")]
pub(crate) mod memory;
#[cfg(feature = "simulation")]
pub(crate) mod simulated;

#[cfg(not(feature = "simulation"))]
pub(crate) use std::fs::{self, File, OpenOptions};
#[cfg(not(feature = "simulation"))]
pub(crate) use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};

#[cfg(feature = "simulation")]
pub(crate) use simulated::{self as fs, DirBuilderExt, File, FileExt, OpenOptions, OpenOptionsExt};

/// When a segment of a spool or a journal has this size, the next one is begun.
pub(crate) const SEGMENT_BYTES: u64 = 16 << 20;

#[cfg(not(feature = "simulation"))]
pub(crate) const fn segment_bytes() -> u64 {
    SEGMENT_BYTES
}

/// Small on a disk in memory, so that there are some.
#[cfg(feature = "simulation")]
pub(crate) fn segment_bytes() -> u64 {
    simulated::segment_bytes().unwrap_or(SEGMENT_BYTES)
}
