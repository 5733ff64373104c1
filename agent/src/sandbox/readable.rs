//! The files that load tests need: where programs and libraries are, and how hosts are found and trusted.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{env, ffi::OsStr};

use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, ReadCache, elf};

use super::files::FileUse;

/// The same on all hosts; what one does not have is left out.
const READABLE: [&str; 37] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/bin",
    "/sbin",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    // Names of hosts.
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    // Certificates, without keys.
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/openssl.cnf",
    "/etc/pki/ca-trust/extracted",
    "/etc/crypto-policies",
    "/etc/localtime",
    "/etc/timezone",
    // What the host is.
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/dev/urandom",
    "/dev/random",
    "/dev/full",
];

const DEVICES: [&str; 2] = ["/dev/null", "/dev/zero"];

/// Systems that have all libraries in one place that everybody may read.
const LIBRARY_STORES: [&str; 2] = ["/nix/store", "/gnu/store"];

/// Variables that name where certificates are, in a list that colons separate.
const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Where cgroups are mounted, and the files in which a group has its limits.
const CGROUPS: &str = "/sys/fs/cgroup";
const CGROUP_LIMITS: [&str; 6] = [
    "cpu.max",
    "memory.max",
    "memory.high",
    "cpu.cfs_quota_us",
    "cpu.cfs_period_us",
    "memory.limit_in_bytes",
];

/// Groups above these are not looked at.
const DEEPEST_CGROUP: usize = 32;

/// All that a load test may use: what this lists, its program, its directory, and what is allowed besides.
pub(crate) fn of_load_test(program: &Path, dir: &Path, allowed: &[PathBuf]) -> Vec<(PathBuf, FileUse)> {
    let mut readable: Vec<PathBuf> = READABLE.iter().map(PathBuf::from).collect();
    readable.push(program.to_owned());
    readable.extend(interpreter(program).map(|path| library_store(&path).unwrap_or(path)));
    readable.extend(resolver_dir());
    for name in CERTIFICATES {
        readable.extend(env::var_os(name).iter().flat_map(env::split_paths));
    }
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    readable.extend(cgroup_limits(&groups));
    readable.extend_from_slice(allowed);
    let readable = readable.into_iter().map(|path| (path, FileUse::Read));
    let devices = DEVICES.map(|path| (PathBuf::from(path), FileUse::Device));
    let own = (dir.to_owned(), FileUse::Own);
    readable.chain(devices).chain([own]).collect()
}

/// The program that loads a dynamically linked one.
fn interpreter(program: &Path) -> Option<PathBuf> {
    let cache = ReadCache::new(File::open(program).ok()?);
    let header = elf::FileHeader64::<Endianness>::parse(&cache).ok()?;
    let endian = header.endian().ok()?;
    let mut headers = header.program_headers(endian, &cache).ok()?.iter();
    let name = headers.find_map(|header| header.interpreter(endian, &cache).ok().flatten())?;
    fs::canonicalize(OsStr::from_bytes(name)).ok()
}

/// The store with the libraries beside an interpreter. Anywhere else it could be a load test that chooses what is beside.
fn library_store(interpreter: &Path) -> Option<PathBuf> {
    let store = LIBRARY_STORES.iter().find(|store| interpreter.starts_with(store));
    store.map(PathBuf::from)
}

/// The directory in which a resolver replaces its file, unless that is `/etc`.
fn resolver_dir() -> Option<PathBuf> {
    let real = fs::canonicalize("/etc/resolv.conf").ok()?;
    let dir = real.parent()?;
    let is_of_resolver = dir.starts_with("/run/") || dir.starts_with("/var/run/");
    is_of_resolver.then(|| dir.to_owned())
}

/// The files with the limits of these groups and of those above them. `groups` is as in `/proc/self/cgroup`.
fn cgroup_limits(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else {
            continue;
        };
        let mounts = match controllers {
            "" => [CGROUPS.into(), format!("{CGROUPS}/unified")],
            _ => [format!("{CGROUPS}/{controllers}"), CGROUPS.into()],
        };
        let group = Path::new(group.trim_start_matches('/'));
        if group.components().any(|part| part.as_os_str() == "..") {
            continue;
        }
        for mount in mounts {
            let dir = Path::new(&mount).join(group);
            let dirs = dir.ancestors().take(DEEPEST_CGROUP);
            for dir in dirs.take_while(|dir| dir.starts_with(&mount)) {
                files.extend(CGROUP_LIMITS.iter().map(|name| dir.join(name)));
            }
        }
    }
    files.retain(|file| file.exists());
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_of_this_program_is_found() {
        let own = env::current_exe().unwrap();
        let found = interpreter(&own).unwrap();
        assert!(found.to_string_lossy().contains("ld-"), "{found:?}");
        assert_eq!(interpreter(Path::new("/etc/hosts")), None);
    }

    #[test]
    fn only_stores_are_opened_for_their_loader() {
        let store = |path: &str| library_store(Path::new(path));
        assert_eq!(store("/nix/store/a-glibc/lib/ld.so"), Some("/nix/store".into()));
        for path in ["/home/ann/lib/ld.so", "/opt/a/lib/ld.so", "/nix/storeroom/ld.so"] {
            assert_eq!(store(path), None, "{path}");
        }
    }

    #[test]
    fn limits_are_below_the_mount_of_their_group() {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        for file in cgroup_limits(&own) {
            assert!(file.starts_with(CGROUPS) && file.is_file(), "{file:?}");
        }
        assert_eq!(
            cgroup_limits("0::/../../etc\n7:cpu:/no/such\nnonsense"),
            cgroup_limits("7:cpu:/")
        );
    }

    #[test]
    fn a_load_test_may_write_its_directory_alone() {
        let paths = of_load_test(Path::new("/bin/true"), Path::new("/work"), &["/data".into()]);
        let own: Vec<_> = paths.iter().filter(|(_, usage)| *usage == FileUse::Own).collect();
        assert_eq!(own, [&(PathBuf::from("/work"), FileUse::Own)]);
        for path in ["/bin/true", "/data", "/etc/resolv.conf"] {
            assert!(paths.contains(&(path.into(), FileUse::Read)), "{path}");
        }
        for path in ["/", "/etc", "/home", "/proc", "/tmp", "/etc/ssl"] {
            assert!(!paths.iter().any(|(found, _)| found == Path::new(path)), "{path}");
        }
    }
}
