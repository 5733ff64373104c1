//! Databases on other disks, and clusters that follow another.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::locate::{account, bin_folder};
use super::{Database, PASSWORD, Postgres, USER, as_account, name_of};
use crate::eventually::eventually;
use crate::port::free_port;
use crate::temp::TempDir;

/// Where the files of such a database are, to Postgres.
const TABLESPACE: &str = "small";

impl Postgres {
    /// A fresh database whose files are in `folder`; one of each cluster.
    ///
    /// # Panics
    /// When the cluster does not answer.
    pub fn database_in(&self, folder: &Path) -> Database {
        let folder = folder.join("tablespace");
        std::fs::create_dir(&folder).expect("the folder is writable");
        if let Some(account) = account() {
            chown(&folder, Some(account.uid), Some(account.gid))
                .expect("root may change the owner of a folder");
        }
        let database = self.database();
        let mut connection = self.connect("postgres");
        for sql in [
            format!("CREATE TABLESPACE {TABLESPACE} LOCATION '{}'", folder.display()),
            format!("ALTER DATABASE {} SET TABLESPACE {TABLESPACE}", database.name()),
        ] {
            connection.query(&sql).expect("the names are new");
        }
        database
    }

    /// The URL of a database of this name.
    #[must_use]
    pub fn database_named(&self, name: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{name}", self.port)
    }

    /// Creates a database of this name.
    ///
    /// # Panics
    /// When there is one already.
    pub fn create(&self, name: &str) {
        self.connect("postgres")
            .query(&format!("CREATE DATABASE {name}"))
            .expect("the name is new");
    }

    /// Starts a replica, which has all that is here. From then on every commit here waits for it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn replica(&self) -> Postgres {
        let (bin, account) = (bin_folder(), account());
        let folder = TempDir::new("replica");
        if let Some(account) = account {
            chown(folder.path(), Some(account.uid), Some(account.gid))
                .expect("root may change the owner of a directory");
        }
        let port = free_port();
        let name = name_of(port);
        // Where `postgres` is a link, the other programs are beside what it points to.
        let beside = std::fs::canonicalize(bin.join("postgres")).expect("it was started");
        let mut command = as_account(beside.with_file_name("pg_basebackup"), account);
        command
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "-D"])
            .arg(folder.join("data"))
            .arg("-d")
            .arg(format!(
                "host={} port={} user={USER} application_name={name}",
                self.folder.path().display(),
                self.port
            ))
            .current_dir(folder.path())
            .stdin(Stdio::null());
        let output = command.output().expect("pg_basebackup is there");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pg_basebackup failed\n{log}");
        let process = Self::serve(&bin, account, &folder, port)
            .unwrap_or_else(|log| panic!("a replica did not start\n{log}"));
        let mut connection = self.connect("postgres");
        for sql in [
            format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"),
            "SELECT pg_reload_conf()".to_owned(),
        ] {
            connection.query(&sql).expect("the superuser may");
        }
        eventually("the replica confirms commits", Duration::from_secs(30), || {
            let sql = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
            connection
                .query(sql)
                .is_ok_and(|rows| rows.len() == 1)
                .then_some(())
        });
        Postgres {
            process: Some(process),
            folder,
            port,
        }
    }

    /// Makes a replica take writes.
    ///
    /// # Panics
    /// When it does not.
    pub fn promote(&self) {
        self.connect("postgres")
            .query("SELECT pg_promote()")
            .expect("it is a replica");
    }
}
