//! The services directory, through the real `heavy`: written, listed, run, and what is said of wrong input.

mod archive;
mod files;
mod first_test;
mod guide;
mod run;
mod scaffold;
mod trial;
mod variables;
mod wrong;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use heavy_testkit::{Finished, Run, TempDir, binary};

/// A folder with services, and a data directory beside it.
struct Desk {
    folder: TempDir,
    data: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: TempDir::new("services"),
            data: TempDir::new("services-data"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    fn write(&self, name: &str, text: &str) -> &Self {
        let file = self.path(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        self
    }

    /// A service whose program is one of this workspace: cargo is a script that says it has built it.
    fn service(&self, name: &str, program: &Path, manifest: &str) -> &Self {
        self.write(&format!("services/{name}/Cargo.toml"), "[package]\n")
            .write(&format!("services/{name}/heavy.toml"), manifest);
        let cargo_toml = self
            .path(&format!("services/{name}/Cargo.toml"))
            .canonicalize()
            .unwrap();
        let message = format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"{}","target":{{"name":"{name}"}},"executable":"{}"}}"#,
            cargo_toml.display(),
            program.display()
        );
        self.write("cargo", &format!("#!/bin/sh\ncat <<'END'\n{message}\nEND\n"));
        std::fs::set_permissions(self.path("cargo"), std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn heavy(&self, args: &[&str]) -> Run {
        Run::binary("heavy")
            .args(args)
            .current_dir(self.folder.path())
            .env("HEAVY_DATA_DIR", self.data.path())
    }

    /// With the script in place of cargo.
    fn built(&self, args: &[&str]) -> Finished {
        self.heavy(args).env("CARGO", self.path("cargo")).finish()
    }
}

/// The example shop, compiled.
fn shop() -> PathBuf {
    binary("shop")
}
