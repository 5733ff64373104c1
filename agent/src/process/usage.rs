//! How much processor time, memory and files a process uses, from `/proc`.

use std::fs;

use super::table::field_after_name;

/// Linux reports processor time to programs in hundredths of a second, whatever its own clock ticks at.
const TICK_NS: u64 = 10_000_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time since its start, of all its threads.
    pub(crate) cpu_ns: u64,
    pub(crate) rss_bytes: u64,
    /// Open files, sockets among them.
    pub(crate) open_files: u64,
}

/// Reads the usage of a process; `None` when it is gone. `process` is its id or `self`.
pub(crate) fn read(process: &str) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let open_files = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
    Some(Usage {
        cpu_ns: cpu_ns(&stat)?,
        rss_bytes: rss_bytes(&status).unwrap_or(0),
        open_files: open_files as u64,
    })
}

/// `utime` and `stime` are fields 14 and 15; field 2 is the name.
fn cpu_ns(stat: &str) -> Option<u64> {
    let user: u64 = field_after_name(stat, 11)?.parse().ok()?;
    let system: u64 = field_after_name(stat, 12)?.parse().ok()?;
    Some((user + system) * TICK_NS)
}

fn rss_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_does_not_shift_fields() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 1 1";
        assert_eq!(cpu_ns(stat), Some(3_000_000_000));
        assert_eq!(rss_bytes("Name:\tx\nVmRSS:\t  1024 kB\n"), Some(1 << 20));
    }

    #[test]
    fn own_usage_is_known() {
        let usage = read("self").unwrap();
        assert!(usage.rss_bytes > 0 && usage.open_files > 2);
        assert_eq!(read("0"), None);
    }
}
