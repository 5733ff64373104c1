//! Which kernel a process runs on: those of one kernel share its clocks.

/// The kernel's id, drawn when it booted; empty if unknown.
#[must_use]
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}
