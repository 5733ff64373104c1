//! Where Postgres is installed, and the account it may run as.

use std::path::{Path, PathBuf};

/// The account a server runs as when the tests run as root: Postgres refuses to be root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The directory with `initdb` and `postgres`: `$HEAVY_TEST_PG_BIN`, `PATH`, or the newest below
/// /usr/lib/postgresql.
pub(super) fn bin_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("HEAVY_TEST_PG_BIN") {
        let folder = PathBuf::from(folder);
        assert!(
            is_bin(&folder),
            "HEAVY_TEST_PG_BIN={} has no initdb and postgres in it",
            folder.display()
        );
        return folder;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(|folder| is_bin(folder)) {
        return folder;
    }
    debian().unwrap_or_else(|| {
        panic!(
            "no Postgres: run `scripts/test` as root, or install the package postgresql, or point \
             HEAVY_TEST_PG_BIN at the folder that holds initdb and postgres"
        )
    })
}

fn debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            is_bin(&folder).then_some((version, folder))
        })
        .max()
        .map(|(_, folder)| folder)
}

fn is_bin(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// None unless we are root; then the account `postgres`, else `nobody`.
pub(super) fn account() -> Option<Account> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
    let found = find(&passwd, "postgres").or_else(|| find(&passwd, "nobody"));
    Some(found.expect("there is an account postgres or nobody: Postgres refuses to run as root"))
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2);
    Some(Account {
        uid: numbers.next()?.parse().ok()?,
        gid: numbers.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:102:a b:/:/bin/sh\n";
        assert_eq!(find(passwd, "postgres"), Some(Account { uid: 101, gid: 102 }));
        assert_eq!(find(passwd, "nobody"), None);
    }
}
