//! What load flags become, and what is said of wrong ones.

use super::*;
use clap::Parser;
use serde_json::json;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    load: LoadFlags,
}

fn program() -> Program {
    Program {
        file: "/bin/shop".into(),
        name: "shop".to_owned(),
        sha256: "a".repeat(64),
        bytes: 1,
    }
}

fn plan(args: &str) -> Result<Plan, String> {
    let line = Line::try_parse_from(["x"].into_iter().chain(args.split_whitespace()))
        .map_err(|error| error.to_string())?;
    line.load
        .to_plan(&program(), None)
        .map_err(|error| error.to_string())
}

#[test]
fn flags_become_the_document() {
    let plan = plan(
        "--rate 6000/m -d 1m30s --max-in-flight 7 --when-full queue --graceful-stop 1s --timeout 2s \
         --connections per-user --param n=3 --param url=http://x/ --param list=[1] -e A=B=C --label team=x \
         --samples 10% --keep-query --name n --description d --service s --allow-drops 5%",
    )
    .unwrap();
    let expected = json!({
        "binary_sha256": "a".repeat(64), "binary_name": "shop", "name": "n", "description": "d", "service": "s",
        "labels": {"team": "x"}, "workflows": [], "rate": "100/s", "duration": "1m30s", "max_in_flight": 7,
        "when_full": "queue", "timeout": "2s", "graceful_stop": "1s", "connections": "per-user",
        "params": {"n": 3, "url": "http://x/", "list": [1]}, "env": {"A": "B=C"}, "samples": "10%",
        "keep_query": true, "wait_for_agents": "30s", "allow_drops_percent": 5.0,
    });
    assert_eq!(serde_json::to_value(&plan.spec).unwrap(), expected);
    assert_eq!(plan.notes, [""; 0]);
}

#[test]
fn the_default_duration_is_announced() {
    let plan = plan("--rate 10").unwrap();
    assert_eq!(plan.spec.total_duration().to_string(), "30s");
    let text = announce(&plan, None);
    assert!(text.contains("no --duration was given"), "{text}");
    assert!(text.contains("10/s for 30s: 300 iterations"), "{text}");
}

#[test]
fn wrong_flags_say_what_is_wrong() {
    for (args, expected) in [
        ("", "say how many iterations to start per second with --rate"),
        ("--rate 0", "a rate of 0 starts nothing"),
        ("--rate -5", "\"-5\" is not a rate"),
        ("--rate abc", "\"abc\" is not a rate"),
        ("--rate 1000000000000", "is too high: rates go up to"),
        ("--rate 1 -d 0s", "--duration: a job of 0s starts nothing"),
        ("--rate 1 -d 10", "\"10\" is not a duration"),
        ("--rate 1 -d -5s", "\"-5s\" is not a duration"),
        ("--rate 1 --max-in-flight 0", "--max-in-flight: with no slot"),
        (
            "--rate 1 --timeout 0s",
            "--timeout: every iteration would time out",
        ),
        ("--rate 1 --param url", "write it as KEY=VALUE"),
        ("--rate 1 --samples some", "is not a choice of samples"),
        ("--rate 1 --allow-drops 101%", "a percentage from 0 to 100"),
        (
            "--rate 1 --report html=x.html",
            "unknown report format \"html\": write text or json",
        ),
        ("--rate 1 --report json", "names no file"),
        ("--rate 1 --params /no/such/file", "cannot read /no/such/file"),
    ] {
        let error = plan(args).unwrap_err();
        assert!(error.contains(expected), "{args}: {error}");
    }
}

#[test]
fn params_that_are_no_json_are_located() {
    let error = params_of(Path::new("p.json"), "{\n  \"a\": x\n}")
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the params in p.json are no JSON: expected value at line 2, column 8"
    );
}

#[test]
fn flags_go_before_files() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let params = write("params.json", r#"{"a": 1, "b": 2}"#);
    let list = write("list.json", "[1]");
    let env = write("env", "# comment\n\nA=1\nB = two words \n");
    let spec = plan(&format!(
        "--rate 1 --params {params} --param b=3 --env-file {env} -e A=9"
    ))
    .unwrap()
    .spec;
    assert_eq!(spec.params, json!({"a": 1, "b": 3}));
    assert_eq!(
        spec.env,
        BTreeMap::from([("A".into(), "9".into()), ("B".into(), "two words".into())])
    );
    let error = plan(&format!("--rate 1 --params {list} --param b=3")).unwrap_err();
    assert!(error.contains("the document of --params is none"), "{error}");
    let bad = write("bad", "A=1\nnonsense\n");
    let error = plan(&format!("--rate 1 --env-file {bad}")).unwrap_err();
    assert!(error.contains("line 2 of"), "{error}");
}
