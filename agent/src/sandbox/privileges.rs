//! What a process gives up so that it can get no more than its user has: privileges, descriptors, and being looked into.

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};

/// The largest file that a load test can write.
const MOST_FILE_BYTES: u64 = 4 << 30;

/// The first descriptor after stdin, stdout and stderr.
const FIRST_OTHER: i32 = 3;

/// More capabilities than Linux has.
const CAPABILITIES: u32 = 64;

/// Makes this process invisible to others of its user that have no privileges: its memory, environment and descriptors. It
/// writes no core dump then.
pub(crate) fn hide_this_process() -> Result<(), String> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("cannot hide this process from others: {error}"))
}

/// Has the programs that this process starts get no descriptor but stdin, stdout and stderr.
pub(crate) fn keep_descriptors() {
    close_fds::set_fds_cloexec(FIRST_OTHER, &[]);
}

/// Gives up all capabilities, and what could bring some back: programs of other users, or of root.
pub(crate) fn give_up() -> Result<(), String> {
    let failed = |what: &'static str| move |error: Errno| format!("cannot give up {what}: {error}");
    let file_bytes = getrlimit(Resource::Fsize).maximum;
    let file_bytes = Some(file_bytes.map_or(MOST_FILE_BYTES, |most| most.min(MOST_FILE_BYTES)));
    let limit = Rlimit {
        current: file_bytes,
        maximum: file_bytes,
    };
    setrlimit(Resource::Fsize, limit).map_err(failed("writing large files"))?;
    set_no_new_privs(true).map_err(failed("new privileges"))?;
    clear_ambient_capability_set().map_err(failed("ambient capabilities"))?;
    for number in 0..CAPABILITIES {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Ok(()) => {}
            // There are no more, or there are none that could come back.
            Err(Errno::INVAL | Errno::PERM) => break,
            Err(error) => return Err(failed("capabilities for good")(error)),
        }
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none).map_err(failed("capabilities"))
}
