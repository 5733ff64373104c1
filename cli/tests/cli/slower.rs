//! `heavy diff` of short runs against a real server that has become slower.

use std::net::TcpListener;
use std::time::Duration;

use heavy_compare::{Comparison, Finding, Level, Statistic};
use heavy_demo_target::{Behaviour, Options, Target};
use heavy_testkit::{Run, TempDir};

#[test]
fn a_slower_server_is_a_regression_of_runs_of_eight_seconds() {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let answers_after = |ms| {
        target.behave(Behaviour {
            slow: Duration::from_millis(ms),
            ..Behaviour::default()
        });
    };
    let data = TempDir::new("slower");
    let heavy = |args: &[&str]| Run::binary("heavy").args(args).env("HEAVY_DATA_DIR", data.path());
    let url = format!("http://{}/", target.addr());
    // A busy machine does not make a run INVALID: medians bear it. The difference is larger than what other tests disturb.
    let run = || {
        let load = ["--rate", "40", "--duration", "8s", "--allow-invalid"];
        heavy(&[&["run", &url][..], &load].concat())
            .finish()
            .expect_code(0)
    };
    answers_after(5);
    for _ in 0..3 {
        run();
    }
    answers_after(55);
    run();
    let diff = ["diff", "last", "--against-last", "3"];
    let text = heavy(&diff).finish().expect_code(99).stdout;
    assert!(
        text.starts_with("REGRESSION  worse by more than the tolerance: request GET / (P50 +"),
        "{text}"
    );
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(
        words
            .join(" ")
            .contains("statistics compared second by second: a change is one that"),
        "{text}"
    );
    for kind in ["P50", "P99"] {
        let shown = |line: &str| line.split_whitespace().next() == Some(kind) && line.contains('%');
        assert!(text.lines().any(shown), "{kind}: {text}");
    }
    let json = heavy(&[&diff[..], &["--format", "json"]].concat())
        .finish()
        .expect_code(99)
        .stdout;
    let comparison: Comparison = serde_json::from_str(&json).unwrap();
    let mut requests = comparison
        .places
        .iter()
        .filter(|place| place.place.level == Level::Request);
    let request = requests.next().unwrap();
    assert_eq!((&*request.place.protocol, requests.count()), ("http", 0));
    let p50 = request
        .statistics
        .iter()
        .find(|one| one.kind == Statistic::P50)
        .unwrap();
    assert!(p50.finding == Finding::Slower && p50.regression, "{p50:?}");
}
