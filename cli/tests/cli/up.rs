//! `heavy up`: services to submit to.

use std::net::TcpListener;

use heavy_demo_target::{Options, Target};
use heavy_testkit::{Run, ServiceProcess, TempDir, binary};

#[test]
fn a_load_test_can_be_submitted_to_it() {
    let folder = TempDir::new("up");
    let up = Run::binary("heavy")
        .args(["up", "--listen", "127.0.0.1:0"])
        .env("HEAVY_DATA_DIR", folder.path());
    let up = ServiceProcess::start("heavy up", up);
    let url = up.url();
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let submit = Run::binary("heavy").arg("submit").arg(binary("http_get"));
    let submit = submit
        .args(["--rate", "20", "--duration", "1s", "--scheduler", &url, "--param"])
        .arg(format!("url=http://{}/", target.addr()))
        .finish();
    assert!([Some(0), Some(98)].contains(&submit.code), "{submit:?}");
    assert!(submit.stdout.contains("GET /"), "{}", submit.stdout);
    let agents = Run::binary("heavy")
        .args(["agents", "--scheduler", &url])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(agents.contains("local"), "{agents}");
    let report = Run::binary("heavy")
        .args(["report", "last", "--scheduler", &url])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(report.contains("http_get"), "{report}");
    up.stop().expect_code(0);
}

#[test]
fn run_takes_a_configuration_and_agents_of_its_scheduler() {
    let folder = TempDir::new("up");
    let up = Run::binary("heavy")
        .args(["up", "--listen", "127.0.0.1:0"])
        .env("HEAVY_DATA_DIR", folder.path());
    let up = ServiceProcess::start("heavy up", up);
    let (url, test) = (up.url(), binary("http_get"));
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let heavy = |args: &[&str]| Run::binary("heavy").args(args).args(["--scheduler", &url]);
    let param = format!("url=http://{}/", target.addr());
    let save = ["config", "save", "few", "--rate", "20", "--duration", "1s"];
    heavy(&[&save[..], &["--param", &param]].concat())
        .finish()
        .expect_code(0);
    let run = ["run", test.to_str().unwrap(), "--allow-invalid", "--config"];
    let here = [&run[..], &["few", "--agents", "1", "--rate", "30"]].concat();
    let said = heavy(&here).finish().expect_code(0);
    assert!(said.stdout.contains("· 30/s for 1s"), "{}", said.stdout);
    assert_eq!(target.stats().requests, 30);
    let nowhere = [
        &run[..],
        &["few", "--on", "region=eu", "--wait-for-agents", "100ms"],
    ]
    .concat();
    let said = heavy(&nowhere).finish().expect_code(1);
    assert!(said.stderr.contains("region=eu"), "{}", said.stderr);
    let other = [&run[..], &["many"]].concat();
    let said = heavy(&other).finish().expect_code(2);
    assert!(
        said.stderr.contains("unknown configuration `many`"),
        "{}",
        said.stderr
    );
    up.stop().expect_code(0);
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let folder = TempDir::new("up");
    for (listen, part) in [
        ("0.0.0.0:0", "there is no authentication yet"),
        ("nonsense", "invalid listen address `nonsense`"),
    ] {
        let up = Run::binary("heavy")
            .args(["up", "--listen", listen])
            .env("HEAVY_DATA_DIR", folder.path());
        let finished = up.finish().expect_code(2);
        assert!(finished.stderr.contains(part), "{}", finished.stderr);
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = TempDir::new("up");
    let up = Run::binary("heavy")
        .args(["up", "--listen", &address])
        .env("HEAVY_DATA_DIR", folder.path());
    let finished = up.finish().expect_code(1);
    assert!(
        finished.stderr.contains(&format!("cannot listen on {address}")),
        "{}",
        finished.stderr
    );
}
