//! Processes of load tests whose agent or supervisor was killed: they are known by their environment or by where they
//! work, unless they changed both.

use std::ffi::OsString;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::table;

/// The variable that tells a load test's processes the directory of their assignment.
pub(crate) const ENV_ASSIGNMENT: &str = "HEAVY_ASSIGNMENT";

const STEP: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_secs(2);

/// Kills the processes of all assignments below a directory, again and again until none is left.
pub(crate) fn kill_below(dir: &Path) {
    let end = Instant::now() + LIMIT;
    let mut killed = 0;
    loop {
        let found: Vec<Pid> = table::all().filter(|pid| is_below(*pid, dir)).collect();
        if found.is_empty() {
            break;
        }
        if Instant::now() >= end {
            tracing::error!(dir = %dir.display(), left = found.len(), "processes of a load test cannot be killed");
            return;
        }
        killed = killed.max(found.len());
        for pid in found {
            let _ = kill_process(pid, Signal::KILL);
        }
        thread::sleep(STEP);
    }
    if killed > 0 {
        tracing::warn!(dir = %dir.display(), killed, "killed what a load test had left");
    }
}

fn is_below(pid: Pid, dir: &Path) -> bool {
    let named =
        || table::variable(pid, ENV_ASSIGNMENT).is_some_and(|value| Path::new(&value).starts_with(dir));
    let works = || table::working_dir(pid).is_some_and(|works| works.starts_with(dir));
    pid != getpid() && (named() || works() || launches_below(&table::arguments(pid), dir))
}

/// Whether these are the arguments of a supervisor of a load test below a directory; nobody may look into those.
fn launches_below(arguments: &[OsString], dir: &Path) -> bool {
    let (options, _) = arguments.split_at(arguments.iter().position(|one| one == "--").unwrap_or(0));
    let is_dir = |pair: &[OsString]| pair[0] == "--dir" && Path::new(&pair[1]).starts_with(dir);
    options.iter().any(|one| one == "launch") && options.windows(2).any(is_dir)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn sleeping(change: impl FnOnce(&mut Command) -> &mut Command) -> Child {
        let mut command = Command::new("sleep");
        change(command.arg("1000")).spawn().unwrap()
    }

    #[test]
    fn supervisors_are_known_by_their_arguments() {
        let launches = |line: &str| {
            let arguments: Vec<_> = line.split(' ').map(OsString::from).collect();
            launches_below(&arguments, Path::new("/a/work"))
        };
        assert!(launches(
            "/proc/self/exe launch --journal /j --dir /a/work/one init -- /bin/x"
        ));
        for other in [
            "/proc/self/exe launch --dir /a/workshop init -- /bin/x",
            "/proc/self/exe launch init -- /bin/x --dir /a/work/one",
            "find --dir /a/work/one -- x",
            "launch --dir",
        ] {
            assert!(!launches(other), "{other}");
        }
    }

    #[test]
    fn what_belongs_to_a_directory_is_killed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = (dir.path().join("work/one"), dir.path().join("other"));
        std::fs::create_dir_all(&ours).unwrap();
        let mut left = [
            sleeping(|command| command.env(ENV_ASSIGNMENT, &ours)),
            sleeping(|command| command.current_dir(&ours)),
        ];
        let mut other = sleeping(|command| command.env(ENV_ASSIGNMENT, &theirs));
        let reaper = thread::spawn(move || left.each_mut().map(|child| child.wait().unwrap().code()));
        kill_below(&dir.path().join("work"));
        assert_eq!(reaper.join().unwrap(), [None, None]);
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
