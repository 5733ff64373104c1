//! `heavy try`: of services, of compiled load tests and of URLs.

use std::net::TcpListener;

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{Run, TempDir, example};

use super::{Desk, shop};

fn target() -> (Handle, String) {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let url = format!("http://{}", target.addr());
    (target, url)
}

fn tried(args: &[&str]) -> Run {
    Run::binary("heavy").arg("try").args(args)
}

#[test]
fn a_service_is_built_and_tried_with_its_variables_and_nothing_is_stored() {
    let desk = Desk::new();
    desk.service("shop", &shop(), "")
        .write("services/shop/env.default", "TARGET_URL=demo://shop\n");
    let finished = desk.built(&["try", "shop"]).expect_code(0);
    for part in [
        "browse: iteration 0, user 0-",
        "\u{2192} 1 GET http://127.0.0.1:",
        "\u{2190} 1 200 OK, ",
        "buy: iteration 0, user 0-",
        "iteration 0 ok, ",
    ] {
        assert!(
            finished.stdout.contains(part),
            "no {part:?} in {}",
            finished.stdout
        );
    }
    assert!(finished.stderr.contains("building shop"), "{}", finished.stderr);
    let left: Vec<_> = std::fs::read_dir(desk.data.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let one = desk.built(&["try", "shop/browse"]).expect_code(0);
    assert!(
        one.stdout.contains("browse: iteration 0") && !one.stdout.contains("buy: "),
        "{}",
        one.stdout
    );
}

#[test]
fn a_load_test_gets_the_params_users_and_limits_of_its_profile() {
    let (_target, url) = target();
    let desk = Desk::new();
    let manifest = format!(
        "[load]\nrate = 10\nworkflows = [\"stateful\"]\nparams = {{ url = \"{url}\" }}\n[profiles.users]\nusers = 3\n\
         workflows = [\"stateful\"]\n[profiles.short]\nrate = 10\ntimeout = \"100ms\"\nworkflows = [{{ name = \"sampler\", \
         params = {{ ms = 60000 }} }}]\n"
    );
    desk.service("own", &example("behaviours"), &manifest);
    let open = desk.built(&["try", "own"]).expect_code(0);
    assert!(
        open.stdout.contains("stateful: iteration 0, user 0-1\n"),
        "{}",
        open.stdout
    );
    let users = desk.built(&["try", "own", "--profile", "users"]).expect_code(0);
    assert!(
        users.stdout.contains("stateful: iteration 0, user 0\n"),
        "{}",
        users.stdout
    );
    let short = desk.built(&["try", "own", "--profile", "short"]).expect_code(99);
    assert!(
        short.stdout.contains("longer than its timeout of 100ms"),
        "{}",
        short.stdout
    );
    let row = [
        "try",
        "own",
        "--iteration",
        "17",
        "--user",
        "5",
        "-e",
        "A=b",
        "--param",
        "x=1",
    ];
    let row = desk.built(&row).expect_code(0);
    assert!(
        row.stdout.contains("stateful: iteration 17, user 5\n"),
        "{}",
        row.stdout
    );
}

#[test]
fn a_compiled_load_test_is_tried_with_the_environment_that_agents_pass_on() {
    let program = example("behaviours");
    let program = program.to_str().unwrap();
    let fails = tried(&[program, "--workflow", "fails", "--param", "number=8"])
        .finish()
        .expect_code(99);
    let last = "iteration failed: 8 is not 7\n    the last call was at sdk/examples/behaviours.rs:";
    assert!(fails.stdout.contains(last), "{}", fails.stdout);
    let (_target, url) = target();
    let url = format!("url={url}");
    let leaves = |args: &[&str]| {
        let args = [&[program, "--workflow", "shopper", "--param", &url], args].concat();
        tried(&args).env("LEAVE", "1").finish().code
    };
    // The variable of this process stays here, as it would on an agent.
    assert_eq!(leaves(&[]), Some(0));
    assert_eq!(leaves(&["-e", "LEAVE=1"]), Some(99));
    let folder = TempDir::new("try");
    let file = folder.path().join("variables");
    std::fs::write(&file, "LEAVE=1\n").unwrap();
    assert_eq!(leaves(&["--env-file", file.to_str().unwrap()]), Some(99));
}

#[test]
fn a_url_is_tried_with_its_request_and_shown_with_its_body() {
    let (_target, url) = target();
    let login = format!("{url}/login");
    let body = "{\"user\":\"ann\"}";
    let args = [
        &*login,
        "--method",
        "POST",
        "--header",
        "authorization: Basic hunter2",
        "--body",
        body,
    ];
    let finished = tried(&args).finish().expect_code(0);
    for part in [
        "http: iteration 0, user 0-1\n",
        &format!("\u{2192} 1 POST {login}\n"),
        "authorization: Basic \u{2026}\n",
        "| {\"user\":\"ann\"}\n",
        "| {\"token\":\"token-ann\"}\n",
    ] {
        assert!(
            finished.stdout.contains(part),
            "no {part:?} in {}",
            finished.stdout
        );
    }
    assert!(!finished.stdout.contains(".rs:"), "{}", finished.stdout);
    let missing = tried(&[&format!("{url}/status/404"), "--color", "always"])
        .finish()
        .expect_code(99);
    assert!(
        missing.stdout.contains("\u{1b}[31m\u{2190} 1 404 Not Found"),
        "{}",
        missing.stdout
    );
}

#[test]
fn a_cargo_profile_in_the_environment_does_not_refuse_a_url() {
    let (_target, url) = target();
    let exported = || tried(&[&url]).env("HEAVY_CARGO_PROFILE", "dev").finish();
    exported().expect_code(0);
    let flag = tried(&[&url, "--cargo-profile", "dev"]).finish().expect_code(2);
    assert!(flag.stderr.contains("require a service"), "{}", flag.stderr);
}

#[test]
fn what_is_wrong_is_said() {
    let program = example("behaviours");
    let program = program.to_str().unwrap();
    for (args, code, part) in [
        (
            &["http://127.0.0.1:1/", "--param", "a=b"][..],
            2,
            "--workflow, --param, --params and --with require a load test",
        ),
        (
            &["http://127.0.0.1:1/", "--profile", "smoke"],
            2,
            "require a service",
        ),
        (
            &["http://127.0.0.1:1/", "--env-file", "/no/such/variables"],
            2,
            "cannot read /no/such/variables",
        ),
        (
            &[program, "--method", "POST"],
            2,
            "flags of a request (--method) require a URL",
        ),
        (
            &[program, "--workflow", "nonsense"],
            2,
            "unknown workflow `nonsense`",
        ),
        (&[program, "--workflow", "never-ready"], 1, ""),
        (&["no-such-test"], 2, "unknown load test `no-such-test`"),
    ] {
        let finished = tried(args).finish();
        assert!(finished.stderr.contains(part), "{args:?}: {finished:?}");
        assert_eq!(finished.code, Some(code), "{args:?}: {finished:?}");
    }
}

#[test]
fn a_load_test_finds_the_files_of_its_job_and_no_others() {
    let desk = Desk::new();
    desk.service("own", &example("missing_data"), "files = [\"*.jsonl\"]\n")
        .write("services/own/no-such-accounts.jsonl", "\"ann\"\n\"bea\"\n")
        .write("elsewhere/no-such-accounts.jsonl", "\"eve\"\n");
    // The program is built: its workflow has the default name.
    let named = desk.built(&["try", "own"]).expect_code(0);
    assert!(named.stdout.contains("default: iteration 0"), "{}", named.stdout);
    let program = example("missing_data");
    let program = program.to_str().unwrap();
    let at = |args: &[&str]| {
        let run = desk.heavy(&[&["try", program], args].concat());
        run.current_dir(desk.path("elsewhere")).finish()
    };
    let missing = at(&[]).expect_code(1);
    assert!(missing.stderr.contains("no-such-accounts.jsonl"), "{missing:?}");
    at(&["--with", "no-such-accounts.jsonl"]).expect_code(0);
}
