//! Configurations and jobs again, through the real `heavy` on its own data folder.

use std::net::TcpListener;

use heavy_demo_target::{Handle, Options, Target};
use heavy_results::config::Config;
use heavy_results::job::{JobSpec, JobView};
use heavy_results::summary::Summary;
use heavy_testkit::{Finished, Run, TempDir, binary};

fn target() -> (Handle, String) {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let url = format!("http://{}/", target.addr());
    (target, url)
}

/// `--data-dir` keeps it away from a scheduler that happens to run on this host.
fn heavy(data: &TempDir, args: &str) -> Finished {
    let run = Run::binary("heavy").args(args.split_whitespace());
    run.arg("--data-dir").arg(data.path()).finish()
}

fn json<T: serde::de::DeserializeOwned>(finished: Finished) -> T {
    serde_json::from_str(&finished.expect_code(0).stdout).unwrap()
}

fn last(data: &TempDir) -> JobSpec {
    json::<JobView>(heavy(data, "status last --json")).job.spec
}

#[test]
fn a_job_runs_again_as_it_was() {
    let (data, (target, url)) = (TempDir::new("rerun"), target());
    let program = binary("http_get");
    let load = "--rate 50 --arrivals poisson --duration 1s --allow-invalid --name first -e TOKEN=hunter2";
    let first = format!("run {} --param url={url} {load}", program.display());
    heavy(&data, &first).expect_code(0);
    let (spec, requests) = (last(&data), target.stats().requests);

    let refused = heavy(&data, "rerun last").expect_code(2);
    assert!(refused.stderr.contains("set TOKEN with --env"), "{refused:?}");
    heavy(&data, "rerun last -e TOKEN=hunter3").expect_code(0);
    let again = last(&data);
    assert_eq!(
        (again.execution.seed, &again.name, &again.binary_sha256),
        (spec.execution.seed, &spec.name, &spec.binary_sha256)
    );
    // The same seed gives the same arrivals.
    assert_eq!(target.stats().requests, 2 * requests);
    let faster = "rerun last -e TOKEN=x --rate 20 --arrivals uniform --json";
    let summary: Summary = json(heavy(&data, faster));
    assert_eq!(summary.iterations.started, 20);
}

#[test]
fn the_configuration_of_a_job_can_be_kept() {
    let (data, (_target, url)) = (TempDir::new("configurations"), target());
    let run = format!("run {url} --rate 20 --duration 500ms --allow-invalid -e TOKEN=hunter2");
    heavy(&data, &run).expect_code(0);
    let saved = heavy(&data, "config save nightly --from-job last --duration 2s").expect_code(0);
    assert!(
        saved.stderr.contains("20/s for 2s; use it with --config nightly"),
        "{saved:?}"
    );
    let shown: Config = json(heavy(&data, "config show nightly --json"));
    assert_eq!(shown.run().unwrap().describe_load(), "20/s for 2s");
    let kept = serde_json::to_string(&shown).unwrap();
    let hidden = ["hunter", "TOKEN", "binary"];
    assert!(hidden.iter().all(|part| !kept.contains(part)), "{kept}");
    let list = heavy(&data, "config list").expect_code(0).stdout;
    assert!(list.contains("nightly") && list.contains("20/s for 2s"), "{list}");
    heavy(&data, "config delete nightly").expect_code(0);
    let gone = heavy(&data, "config show nightly").expect_code(2);
    assert!(
        gone.stderr.contains("unknown configuration `nightly`"),
        "{gone:?}"
    );
}

#[test]
fn what_cannot_be_kept_or_run_again_is_said() {
    let data = TempDir::new("configurations");
    for (args, part) in [
        ("config save ../x --rate 5", "invalid configuration name"),
        ("config save x", "--rate"),
        (
            "config save x --rate 5 -e A=b",
            "a configuration does not store variables",
        ),
        ("config save x --rate 5 --users 5", "users"),
        ("config delete x", "unknown configuration `x`"),
        ("rerun last", "no jobs yet"),
        ("rerun last --detach", "requires a running scheduler"),
        ("rerun last --file job.toml", "omit --file"),
    ] {
        let finished = heavy(&data, args).expect_code(2);
        assert!(finished.stderr.contains(part), "{args}: {finished:?}");
    }
}
