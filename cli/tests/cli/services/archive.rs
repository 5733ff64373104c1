//! What `scripts/release` packs: its checksum holds, and a service that the unpacked `heavy` writes compiles without the network.

use std::path::{Path, PathBuf};
use std::time::Duration;

use heavy_testkit::{Run, TempDir, binary};

use super::Desk;
use super::scaffold::with_cargo;

/// Programs with all their debugging symbols take a while to pack.
const LIMIT: Duration = Duration::from_secs(300);

/// Packs the programs of this build, checks the checksum, and unpacks the archive.
fn unpacked(made: &Path) -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/release");
    let run = Run::new(script)
        .arg("--programs")
        .arg(binary("heavy").parent().unwrap());
    let said = run
        .arg("--out")
        .arg(made)
        .timeout(LIMIT)
        .finish()
        .expect_code(0)
        .stdout;
    assert!(said.contains(": requires Linux on "), "{said}");
    let unpack = "sha256sum --check *.sha256 && tar -xzf *.tar.gz && rm *.tar.gz *.sha256";
    let said = Run::new("sh")
        .args(["-c", unpack])
        .current_dir(made)
        .finish()
        .expect_code(0)
        .stdout;
    assert!(said.ends_with(": OK\n"), "{said}");
    let mut left = std::fs::read_dir(made).unwrap();
    left.next().unwrap().unwrap().path()
}

/// The newest glibc whose symbols a program names, found in its bytes rather than by readelf.
fn newest_glibc(program: &Path) -> (u32, u32) {
    let bytes = std::fs::read(program).unwrap();
    let name = b"GLIBC_";
    let versions = bytes
        .windows(name.len() + 8)
        .filter(|window| window.starts_with(name))
        .filter_map(|window| {
            let digits = window[name.len()..]
                .split(|byte| !byte.is_ascii_digit() && *byte != b'.')
                .next()?;
            let (major, minor) = std::str::from_utf8(digits).ok()?.split_once('.')?;
            Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
        });
    versions.max().unwrap()
}

#[test]
fn an_archive_has_programs_and_an_sdk_that_resolves() {
    let made = TempDir::new("archive");
    let root = unpacked(made.path());
    for file in [
        "heavy",
        "heavy-sched",
        "heavy-agent",
        "heavy-collector",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "INSTALL",
        "src/sdk/Cargo.toml",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
    let install = std::fs::read_to_string(root.join("INSTALL")).unwrap();
    let programs = ["heavy", "heavy-sched", "heavy-agent", "heavy-collector"];
    let (major, minor) = programs
        .iter()
        .map(|name| newest_glibc(&root.join(name)))
        .max()
        .unwrap();
    assert!(
        install.contains(&format!("with glibc {major}.{minor} or newer")),
        "{major}.{minor}: {install}"
    );

    let desk = Desk::new();
    let new = Run::new(root.join("heavy")).args(["new", "service", "packed"]);
    new.current_dir(desk.folder.path()).finish().expect_code(0);
    let manifest = std::fs::read_to_string(desk.path("Cargo.toml")).unwrap();
    let sdk = root.canonicalize().unwrap().join("src/sdk");
    assert!(
        manifest.contains(&format!("path = \"{}\"", sdk.display())),
        "{manifest}"
    );
    let build =
        Run::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())).args(["build", "--offline"]);
    with_cargo(build.current_dir(desk.folder.path()))
        .finish()
        .expect_code(0);
}
