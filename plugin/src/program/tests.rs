//! Programs of all kinds, and the problems reported for them.

use super::*;
use proptest::prelude::*;

fn own_bytes() -> Vec<u8> {
    std::fs::read("/proc/self/exe").unwrap()
}

fn own_host() -> Host {
    let program = inspect(own_bytes().as_slice()).unwrap();
    Host {
        architecture: program.architecture,
        glibc: program.glibc,
    }
}

#[test]
fn this_test_runs_here() {
    let host = own_host();
    assert_eq!(host.architecture, std::env::consts::ARCH);
    assert!(check(&own_bytes()[..], &host).is_ok());
}

#[test]
fn files_that_are_no_programs_are_named() {
    for (start, name) in [
        (&b""[..], "an empty file"),
        (b"#!/bin/sh\n", "a script"),
        (b"\xcf\xfa\xed\xfe\0\0", "a macOS program"),
        (b"MZ\x90\0", "a Windows program"),
        (b"PK\x03\x04", "an archive"),
        (b"hello\n", "a text file"),
        (b"\x01\x02\x03", "not a Linux program"),
    ] {
        let problem = check(start, &own_host()).unwrap_err();
        assert_eq!(problem, ProgramProblem::NotAProgram(name));
        assert_eq!(problem.kind(), "not-a-program");
    }
}

#[test]
fn an_elf_header_alone_is_damaged() {
    let bytes = own_bytes();
    assert!(matches!(
        check(&bytes[..40], &own_host()),
        Err(ProgramProblem::Damaged(_))
    ));
}

#[test]
fn a_foreign_architecture_is_refused() {
    let host = Host {
        architecture: "s390x".into(),
        glibc: None,
    };
    let problem = check(&own_bytes()[..], &host).unwrap_err();
    assert_eq!(problem.kind(), "architecture");
    assert!(problem.to_string().contains("the host is s390x"), "{problem}");
}

#[test]
fn a_glibc_that_is_too_new_is_refused() {
    let mut host = own_host();
    if host.glibc.is_some() {
        host.glibc = Some(Glibc { major: 2, minor: 1 });
        let problem = check(&own_bytes()[..], &host).unwrap_err();
        assert_eq!(problem.kind(), "glibc");
        assert!(problem.to_string().contains("the host has 2.1"), "{problem}");
    }
}

#[test]
fn versions_have_an_order_of_numbers() {
    assert!("2.9".parse::<Glibc>().unwrap() < "2.36".parse().unwrap());
    assert_eq!(version(b"GLIBC_2.2.5"), Some(Glibc { major: 2, minor: 2 }));
    assert_eq!(version(b"GLIBC_PRIVATE"), None);
}

proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..256), elf in any::<bool>()) {
        if elf {
            bytes.splice(..0, *b"\x7fELF\x02\x01\x01");
        }
        let _ = check(&bytes[..], &own_host());
    }
}
