//! What the agent's host is: for registration, and for checking binaries before they are run.

use std::fs::{self, File};

use heavy_plugin::program::{Glibc, Host, glibc_of};
use object::ReadCache;

/// Where a C library may lie when the agent itself is linked statically.
const LIBC_PATHS: [&str; 6] = [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/lib/libc.so.6",
    "/usr/lib/libc.so.6",
];

/// What load tests will run on.
pub(crate) fn host() -> Host {
    Host {
        architecture: rustix::system::uname().machine().to_string_lossy().into_owned(),
        glibc: mapped_libc()
            .into_iter()
            .chain(LIBC_PATHS.map(str::to_owned))
            .find_map(|path| glibc_at(&path)),
    }
}

/// How many processors this process may use.
pub(crate) fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
}

pub(crate) fn memory_bytes() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram * u64::from(info.mem_unit)
}

/// The C library that this very process has mapped, if it has.
fn mapped_libc() -> Option<String> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines()
        .filter_map(|line| line.find('/').map(|start| &line[start..]))
        .find(|path| path.ends_with("/libc.so.6"))
        .map(str::to_owned)
}

fn glibc_at(path: &str) -> Option<Glibc> {
    let cache = ReadCache::new(File::open(path).ok()?);
    glibc_of(&cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_can_run_here() {
        let host = host();
        let cache = ReadCache::new(File::open("/proc/self/exe").unwrap());
        heavy_plugin::program::check(&cache, &host).unwrap();
        assert!(cores() > 0 && memory_bytes() > 0);
    }
}
