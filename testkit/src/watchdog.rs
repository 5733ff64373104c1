//! The watchdog: a small shell process that ends every process group the kit started, and removes the
//! temporary directory, as soon as the test process is gone.
//!
//! Drop is not enough: statics are never dropped, and neither is anything after Ctrl-C or SIGKILL. A death
//! signal is not enough either, for it follows the *thread* that spawned, and test threads end early.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The watchdog of this process, started when first asked for.
pub(crate) fn watchdog() -> &'static Watchdog {
    static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();
    WATCHDOG.get_or_init(Watchdog::start)
}

#[derive(Debug)]
pub(crate) struct Watchdog {
    root: PathBuf,
    pipe: Mutex<ChildStdin>,
    /// Ends after us, so there is never anything to wait for.
    _child: Child,
}

impl Watchdog {
    fn start() -> Watchdog {
        let root = tempfile::Builder::new()
            .prefix("heavy-test-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .expect("the system's temporary directory is writable")
            .keep();
        if keep() {
            announce(&root);
        }
        let mut child = Command::new("sh")
            .args(["-c", include_str!("watchdog.sh"), "heavy-testkit-watchdog"])
            .arg(&root)
            .arg(if keep() { "keep" } else { "" })
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of the Ctrl-C that ends the tests.
            .process_group(0)
            .spawn()
            .expect("there is a shell called sh");
        let pipe = child.stdin.take().expect("stdin is piped");
        Watchdog {
            root,
            pipe: Mutex::new(pipe),
            _child: child,
        }
    }

    /// The directory that holds every temporary directory of this process.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Sends `signal` (its name without SIG) to the process group when this process is gone.
    pub(crate) fn watch(&self, group: u32, signal: &str) {
        self.tell(&format!("watch {group} {signal}\n"));
    }

    /// Leaves the process group alone from now on: it has ended, and its number may be used again.
    pub(crate) fn forget(&self, group: u32) {
        self.tell(&format!("forget {group} -\n"));
    }

    fn tell(&self, line: &str) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.write_all(line.as_bytes())
            .expect("the watchdog lives as long as this process");
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the directory is kept because somebody wants to look at it"
)]
fn announce(root: &Path) {
    eprintln!(
        "heavy-testkit: temporary directories are kept in {}",
        root.display()
    );
}

/// Whether temporary directories are to be kept for a look at them.
pub(crate) fn keep() -> bool {
    std::env::var_os("HEAVY_KEEP_TMP").is_some_and(|value| !value.is_empty())
}
