//! Which files a load test may use, by Landlock: the kernel holds it and its children to that.

use std::path::{Path, PathBuf};
use std::thread;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

/// The first version with which no content of a file can be changed: before, all could be truncated.
const NEEDED: ABI = ABI::V3;

const TOO_OLD: &str = "file rules need Landlock as of Linux 6.2, and this kernel";

/// What a load test may do below a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileUse {
    /// Read it, and run what is there.
    Read,
    /// Read and write it, as devices are.
    Device,
    /// Do all that can be done in a directory, except making devices.
    Own,
}

impl FileUse {
    fn rights(self) -> BitFlags<AccessFs> {
        let all = AccessFs::from_all(NEEDED);
        match self {
            Self::Read => AccessFs::from_read(NEEDED),
            Self::Device => AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate,
            Self::Own => all & !(AccessFs::MakeChar | AccessFs::MakeBlock),
        }
    }
}

/// Why files cannot be ruled here; `None` if they can.
pub(crate) fn lacking() -> Option<String> {
    // Rules hold for the thread that makes them, and this one ends with them.
    let tried = thread::Builder::new().name("try-rules".into()).spawn(|| {
        let rules = Ruleset::default().handle_access(AccessFs::from_all(NEEDED))?;
        rules.create()?.restrict_self()
    });
    let status = match tried.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(status))) => status,
        Ok(Ok(Err(error))) => return Some(format!("Landlock cannot be used here: {error}")),
        Ok(Err(_)) | Err(_) => {
            return Some("Landlock cannot be tried out: no thread can be started".to_owned());
        }
    };
    match status.landlock {
        LandlockStatus::Available { .. } if status.ruleset == RulesetStatus::FullyEnforced => None,
        LandlockStatus::Available { .. } => Some(format!("{TOO_OLD} has an older one")),
        LandlockStatus::NotImplemented => Some(format!("{TOO_OLD} has none")),
        LandlockStatus::NotEnabled => Some(
            "Landlock is switched off: add `landlock` to the kernel parameter `lsm` and restart the host"
                .to_owned(),
        ),
    }
}

/// Holds this process to what is listed, and to itself: it cannot send signals to processes outside, or connect to their
/// abstract sockets, where the kernel knows how to forbid that. What does not exist is left out.
pub(crate) fn restrict(paths: &[(PathBuf, FileUse)]) -> Result<(), String> {
    let status = rules(paths).map_err(|error| format!("cannot rule its files: {error}"))?;
    match status {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err("its files cannot be ruled".to_owned()),
    }
}

fn rules(paths: &[(PathBuf, FileUse)]) -> Result<RulesetStatus, RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::IoctlDev)?
        .scope(Scope::Signal)?
        .scope(Scope::AbstractUnixSocket)?
        .create()?;
    for (path, usage) in paths {
        if let Ok(fd) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(fd, rights(path, *usage)))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset)
}

/// Of a file, there are no rights to what is in it.
fn rights(path: &Path, usage: FileUse) -> BitFlags<AccessFs> {
    if path.is_dir() {
        usage.rights()
    } else {
        usage.rights() & AccessFs::from_file(NEEDED)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What a thread may do that is held to the paths.
    fn held<T: Send + 'static>(
        paths: Vec<(PathBuf, FileUse)>,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let thread = thread::spawn(move || {
            restrict(&paths).unwrap();
            act()
        });
        thread.join().unwrap()
    }

    #[test]
    fn a_path_can_be_used_as_listed_and_no_other() {
        if let Some(lacks) = lacking() {
            panic!("this host cannot test file rules: {lacks}");
        }
        let temp = tempfile::tempdir().unwrap();
        let path = |name: &str| temp.path().join(name);
        for name in ["own", "read", "closed"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("file"), "text").unwrap();
        }
        let paths = vec![
            (path("own"), FileUse::Own),
            (path("read"), FileUse::Read),
            (path("none"), FileUse::Read),
            (PathBuf::from("/dev/null"), FileUse::Device),
        ];
        let root = temp.path().to_owned();
        let outcomes = held(paths, move || {
            ["own", "read", "closed"].map(|name| {
                let file = root.join(name).join("file");
                let read = fs::read(&file).is_ok();
                let listed = fs::read_dir(root.join(name)).is_ok();
                let wrote = fs::write(&file, "other").is_ok();
                let made = fs::write(root.join(name).join("new"), "").is_ok();
                [read, listed, wrote, made]
            })
        });
        assert_eq!(outcomes, [[true; 4], [true, true, false, false], [false; 4]]);
        assert_eq!(fs::read_to_string(path("closed").join("file")).unwrap(), "text");
        assert!(held(vec![(PathBuf::from("/dev/null"), FileUse::Device)], || {
            fs::write("/dev/null", "gone").is_ok()
        }));
    }
}
