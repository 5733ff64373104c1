//! Wrong input: what is said, where, and what to do.

use heavy_testkit::{Run, TempDir};

use super::{Desk, shop};

const LOADED: &str = "[load]\nrate = 5\nduration = \"1s\"\n[profiles.smoke]\nrate = 1\n";

fn refused(desk: &Desk, args: &[&str], code: i32) -> String {
    let finished = desk.built(args);
    assert_eq!(finished.code, Some(code), "{args:?}: {finished:?}");
    assert_eq!(finished.stdout, "", "{args:?}");
    finished.stderr
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let desk = Desk::new();
    desk.service("shop", &shop(), LOADED).write("shop/file", "");
    for (args, parts) in [
        (
            &["run", "shop", "--profile", "smok"][..],
            &[
                "services/shop/heavy.toml: unknown profile `smok`",
                "did you mean `smoke`?",
            ][..],
        ),
        (
            &["run", "shp"],
            &[
                "unknown load test `shp`",
                "known services in services: shop; did you mean `shop`?",
            ],
        ),
        (&["run", "shop/"], &["missing workflow"]),
        (
            &["run", "shop/byu"],
            &["has no workflow `byu` (it has browse, buy); did you mean `buy`?"],
        ),
        (
            &["list", "shp"],
            &["unknown service `shp`", "did you mean `shop`?"],
        ),
        (&["new", "workflow", "shp/buy"], &["unknown service `shp`"]),
        (
            &["new", "workflow", "shop"],
            &["expected SERVICE/NAME, such as shop/buy"],
        ),
        (&["new", "service", "Shop"], &["invalid service name `Shop`: "]),
        (&["run", "shop", "--file", "job.toml"], &["--profile"]),
        (&["run", "shop", "--method", "GET"], &["require a URL"]),
        (
            &["run", "shop/buy", "--workflow", "browse"],
            &["leave --workflow out"],
        ),
        (
            &["run", "http://127.0.0.1:1/", "--profile", "x"],
            &["require a service"],
        ),
        (
            &["run", "shop", "--rate", "5", "--users", "5"],
            &["--users: conflicts with a rate"],
        ),
        (
            &["run", "shop", "--services", "nowhere"],
            &["no directory nowhere"],
        ),
    ] {
        let stderr = refused(&desk, args, 2);
        for part in parts {
            assert!(stderr.contains(part), "{args:?}: {stderr}");
        }
    }
}

#[test]
fn a_name_that_is_a_file_too_is_not_guessed() {
    let desk = Desk::new();
    desk.service("shop", &shop(), LOADED).write("shop", "");
    let stderr = refused(&desk, &["run", "shop"], 2);
    assert!(
        stderr.contains("is both a file and the service") && stderr.contains("write ./shop for the file"),
        "{stderr}"
    );
}

#[test]
fn a_wrong_heavy_toml_is_shown_with_its_line() {
    let desk = Desk::new();
    desk.service("shop", &shop(), "[load]\nrate = 5\n\n[profiles.smoke]\nrat = 1\n");
    let stderr = refused(&desk, &["run", "shop"], 2);
    assert!(
        stderr.contains("services/shop/heavy.toml:5: unknown key `rat`; did you mean `rate`?"),
        "{stderr}"
    );
    assert!(stderr.contains(" 5 | rat = 1\n   | ^^^"), "{stderr}");
    desk.write("services/shop/heavy.toml", "[load]\nrate = \n");
    let stderr = refused(&desk, &["run", "shop"], 2);
    assert!(stderr.contains("services/shop/heavy.toml:2: "), "{stderr}");
    let workflows = "[profiles.x]\nduration = \"5s\"\n[[profiles.x.workflows]]\nname = \"buy\"\n";
    for (wrong, part) in [
        (
            "user = 1",
            "heavy.toml:5: workflows: unknown field `user`; did you mean `users`?\n 5 | user = 1\n   | ^^^^",
        ),
        ("rate = \"many\"", "\n 5 | rate = \"many\"\n   |        ^^^^^^"),
        (
            "rate = 1\nusers = 2",
            "heavy.toml:6: users: workflow `buy`: conflicts with a rate",
        ),
    ] {
        desk.write("services/shop/heavy.toml", &format!("{workflows}{wrong}\n"));
        let stderr = refused(&desk, &["run", "shop", "--profile", "x"], 2);
        assert!(stderr.contains(part), "{stderr}");
    }
    desk.write("services/shop/heavy.toml", "[load]\nrate = \n");
    // It does not hide the others.
    desk.write("services/other/heavy.toml", LOADED);
    let list = desk.built(&["list"]).expect_code(1);
    assert!(
        list.stdout.contains("heavy run other --profile smoke"),
        "{list:?}"
    );
    assert!(list.stderr.contains("services/shop/heavy.toml:2: "), "{list:?}");
}

#[test]
fn a_workflow_that_the_source_does_not_register_is_refused_before_the_build() {
    let desk = Desk::new();
    let main = "fn main() -> ExitCode {\n    let server = Server::named(\"browse\", Browse).and(\"buy\", Buy);\n    heavy_sdk::serve(server)\n}\n";
    desk.service("shop", &shop(), LOADED)
        .write("services/shop/src/main.rs", main);
    for args in [
        &["run", "shop/byu"][..],
        &["run", "shop", "--workflow", "byu"],
        &["try", "shop/byu"],
    ] {
        let stderr = refused(&desk, args, 2);
        assert!(
            stderr
                .contains("the service shop has no workflow `byu` (it has browse, buy); did you mean `buy`?"),
            "{stderr}"
        );
        assert!(!stderr.contains("building"), "{stderr}");
    }
    // A source that does not tell them all is left to the program.
    desk.write(
        "services/shop/src/main.rs",
        &main.replace("let server", "let mut server"),
    );
    let stderr = refused(&desk, &["run", "shop/byu"], 2);
    assert!(
        stderr.contains("building") && stderr.contains("did you mean `buy`?"),
        "{stderr}"
    );
}

#[test]
fn a_file_that_does_not_exist_is_told_from_a_name() {
    let desk = Desk::new();
    desk.service("shop", &shop(), LOADED);
    std::fs::create_dir(desk.path("target")).unwrap();
    for (test, start) in [
        (
            "./nofile",
            "error: file not found: ./nofile; expected a URL (http://HOST/), ",
        ),
        (
            "target/nofile",
            "error: file not found: target/nofile; expected a URL ",
        ),
        ("", "error: missing load test: expected a URL (http://HOST/), "),
        (
            "nofile",
            "error: unknown load test `nofile`: expected a URL (http://nofile), ",
        ),
    ] {
        for verb in ["run", "try"] {
            let stderr = refused(&desk, &[verb, test], 2);
            assert!(stderr.starts_with(start), "{stderr}");
            assert!(
                stderr.contains(
                    "a compiled load test (such as target/release/NAME, built with `cargo build --release`)"
                ) && stderr.contains("known services in services: shop"),
                "{stderr}"
            );
        }
    }
    let stderr = refused(&desk, &["run", "./target", "--rate", "1"], 2);
    assert!(
        stderr.contains("cannot use ./target as a load test: it is a directory"),
        "{stderr}"
    );
}

#[test]
fn a_missing_variable_is_named_before_anything_is_built() {
    let desk = Desk::new();
    desk.service(
        "shop",
        &shop(),
        &format!("required_env = [\"API_TOKEN\"]\n{LOADED}"),
    );
    let stderr = refused(&desk, &["run", "shop"], 2);
    assert!(
        stderr.contains("the service shop requires API_TOKEN")
            && stderr.contains("API_TOKEN=VALUE to services/shop/.env"),
        "{stderr}"
    );
    assert!(!stderr.contains("building"), "{stderr}");
    desk.write("services/shop/.env", "A=1\nsecret-without-a-name\n");
    let stderr = refused(&desk, &["run", "shop"], 2);
    assert!(stderr.contains(".env:2: expected KEY=VALUE"), "{stderr}");
    assert!(!stderr.contains("secret"), "{stderr}");
}

#[test]
fn an_empty_service_says_what_is_missing() {
    let desk = Desk::new();
    desk.service("shop", &shop(), LOADED);
    std::fs::create_dir(desk.path("services/bare")).unwrap();
    let stderr = refused(&desk, &["run", "bare"], 2);
    assert!(
        stderr.contains("it has no heavy.toml; `heavy new service bare`"),
        "{stderr}"
    );
    desk.write("services/bare/heavy.toml", LOADED);
    let stderr = refused(&desk, &["run", "bare"], 2);
    assert!(stderr.contains("the service bare is empty"), "{stderr}");
    // A program that registers nothing.
    desk.service("shop", "/bin/true".as_ref(), LOADED);
    let stderr = refused(&desk, &["run", "shop"], 1);
    assert!(
        stderr.contains("registers no workflow") && stderr.contains("`heavy new workflow shop/NAME`"),
        "{stderr}"
    );
    desk.service("shop", &shop(), "");
    let stderr = refused(&desk, &["run", "shop"], 2);
    assert!(stderr.contains("defines no load: add one to [load]"), "{stderr}");
}

#[test]
fn a_service_that_does_not_compile_is_left_to_cargo() {
    let desk = Desk::new();
    let package = "[workspace]\n[package]\nname = \"broken\"\nedition = \"2024\"\n";
    desk.write("services/broken/heavy.toml", LOADED)
        .write("services/broken/Cargo.toml", package)
        .write(
            "services/broken/src/main.rs",
            "fn main() { let number: u8 = \"text\"; }\n",
        );
    let target = TempDir::new("target");
    let run = desk.heavy(&["run", "broken", "--cargo-profile", "dev"]);
    let finished = run.env("CARGO_TARGET_DIR", target.path()).finish().expect_code(1);
    assert!(finished.stderr.contains("mismatched types"), "{finished:?}");
    assert!(
        finished
            .stderr
            .contains("the service broken does not compile: fix the errors above"),
        "{finished:?}"
    );
    let run = desk.heavy(&["run", "broken"]).env("CARGO", "/no/such/cargo");
    let stderr = run.finish().expect_code(1).stderr;
    assert!(stderr.contains("install Rust (https://rustup.rs)"), "{stderr}");
}

#[test]
fn without_services_a_name_is_explained_and_jobs_are_listed() {
    let folder = TempDir::new("nothing");
    let heavy = |args: &[&str]| {
        let run = Run::binary("heavy").args(args).current_dir(folder.path());
        run.env("HEAVY_DATA_DIR", folder.path()).finish()
    };
    let stderr = heavy(&["run", "shop"]).expect_code(2).stderr;
    assert!(
        stderr.contains("no services directory here or in a parent directory"),
        "{stderr}"
    );
    let stderr = heavy(&["list", "services"]).expect_code(2).stderr;
    assert!(
        stderr.contains("`heavy new service NAME` creates one"),
        "{stderr}"
    );
    let stderr = heavy(&["list"]).expect_code(1).stderr;
    assert!(stderr.contains("no results yet"), "{stderr}");
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"mine\"\n").unwrap();
    let stderr = heavy(&["new", "service", "shop"]).expect_code(2).stderr;
    assert!(stderr.contains("run this in an empty directory"), "{stderr}");
    assert!(!folder.path().join("services").exists());
}
