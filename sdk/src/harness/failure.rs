//! The failures of RPC calls.

use heavy_plugin::rpc::Failure;

pub(crate) fn failure(kind: &str, message: String) -> Failure {
    Failure {
        kind: kind.to_owned(),
        message,
    }
}

pub(crate) fn prepared_twice() -> Failure {
    failure(
        "already-prepared",
        "prepare was called twice; a process works on one job".to_owned(),
    )
}

pub(crate) fn core_is_gone() -> Failure {
    failure(
        "panic",
        "a core of the load test has ended; its stderr says why".to_owned(),
    )
}
