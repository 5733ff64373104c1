//! Files of a load test that is started by hand: in the current directory, or beside the package.

use std::path::Path;
use std::process::{Command, Output};

use heavy_testkit::{TempDir, example};

fn feeder(here: &Path, package: Option<&Path>) -> Output {
    let mut command = Command::new(example("feeder"));
    command
        .args(["run", "--rate", "20", "--duration", "150ms"])
        .current_dir(here)
        .env_remove("CARGO_MANIFEST_DIR");
    if let Some(package) = package {
        command.env("CARGO_MANIFEST_DIR", package);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_current_directory_comes_before_that_of_the_package() {
    let temp = TempDir::new("feeder");
    for (dir, name) in [("here", "ann"), ("package", "ben")] {
        std::fs::create_dir_all(temp.join(dir).join("data")).unwrap();
        std::fs::write(
            temp.join(dir).join("data/accounts.csv"),
            format!("name\n{name}\n{name}\n{name}\n"),
        )
        .unwrap();
    }
    let (here, package) = (temp.join("here"), temp.join("package"));
    for (here, package, account) in [
        (&*here, Some(&*package), "account ann: 3 of 3 passed"),
        (temp.path(), Some(&package), "account ben: 3 of 3 passed"),
        (&here, None, "account ann: 3 of 3 passed"),
    ] {
        let output = feeder(here, package);
        assert!(text(&output.stdout).contains(account), "{output:?}");
    }
    let output = feeder(temp.path(), Some(temp.path()));
    assert!(!output.status.success());
    let said = text(&output.stderr);
    for part in [
        format!("tried {}/data/accounts.csv;", temp.path().display()),
        "use --with data/accounts.csv".to_owned(),
    ] {
        assert!(said.contains(&part), "{said}");
    }
}
