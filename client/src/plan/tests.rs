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
        "keep_query": true, "wait_for_agents": "30s", "allow_drops_percent": 5.0, "allow_invalid": false,
        "arrivals": "uniform", "weights": "equal", "replace": false,
    });
    let mut document = serde_json::to_value(&plan.spec).unwrap();
    let provenance = document.as_object_mut().unwrap().remove("provenance").unwrap();
    assert_eq!(provenance["client_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document, expected);
    assert_eq!(plan.notes, [""; 0]);
}

#[test]
fn every_load_model_has_its_flags() {
    for (args, words) in [
        (
            "--stages 10s:100,1m:100,0s:0",
            "from 0/s to 100/s in 10s, to 100/s in 1m, to 0/s in 0s",
        ),
        (
            "--rate 5 --arrivals poisson --seed 7 -d 1s",
            "5/s at random for 1s",
        ),
        (
            "--users 10s:5,1m:5 --pacing 1s",
            "users in stages 10s:5,1m:5, paced at 1s",
        ),
        (
            "--users 5 -i 100",
            "5 users, 100 iterations in all, for at most 10m",
        ),
        (
            "--iterations-per-user 3 -d 1m",
            "1 user, 3 iterations each, for at most 1m",
        ),
        (
            "--rate 5 --warm-up 10s -d 1m",
            "5/s for 1m, after a warm-up of 10s",
        ),
    ] {
        assert_eq!(plan(args).unwrap().spec.describe_load(), words, "{args}");
    }
    let notes = plan("--iterations 3").unwrap().notes;
    assert_eq!(notes, ["no --duration was given: giving up after 10m"]);
    for (args, expected) in [
        ("--rate 5 --users 5", "--users: conflicts with a rate"),
        ("--stages 10s", "invalid stage"),
        ("--users many", "invalid number of users"),
        ("--stages 10s:5 -d 5s", "--duration: stages have their own"),
    ] {
        let error = plan(args).unwrap_err();
        assert!(error.contains(expected), "{args}: {error}");
    }
}

#[test]
fn a_job_file_is_toml_or_json_and_flags_go_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let toml = file(
        "job.toml",
        "name = \"night\"\nduration = \"1m\"\n[params]\nn = 1\n[[workflows]]\nname = \"a\"\nrate = \"5\"\n\
         [[workflows]]\nname = \"b\"\nusers = 3\nstart = \"10s\"\n",
    );
    let spec = plan(&format!("--file {toml} --param n=2 --description d"))
        .unwrap()
        .spec;
    assert_eq!(
        (&*spec.name, &*spec.description, &spec.params),
        ("night", "d", &json!({"n": 2}))
    );
    assert_eq!(spec.workflows[1].start.to_string(), "10s");
    let json = file("job", "{\"rate\": \"5\"}");
    assert_eq!(
        plan(&format!("--file {json} -d 2s"))
            .unwrap()
            .spec
            .load()
            .planned(),
        10
    );
    for (text, expected) in [
        ("rate = 5\nrate = 6", "bad.toml:2: "),
        ("speed = 5", "unknown key `speed`"),
        ("rate = \"0\"", "a rate of 0"),
    ] {
        let path = file("bad.toml", text);
        let error = plan(&format!("--file {path}")).unwrap_err();
        assert!(
            error.contains(expected) && error.contains("bad.toml"),
            "{text}: {error}"
        );
    }
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
fn identities_and_large_numbers_are_announced() {
    let text = announce(&plan("--rate 2000 -d 10s --unique-users 1500").unwrap(), None);
    assert!(
        text.contains(
            "\nload       2,000/s for 10s: 20,000 iterations, at most 4,096 at once on each agent\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("\nidentities 1,500 unique users, in rotation\n"),
        "{text}"
    );
    let text = announce(&plan("--rate 2 --unique-users 1").unwrap(), None);
    assert!(
        text.contains("\nidentities 1 unique user, in rotation\n"),
        "{text}"
    );
    assert!(!announce(&plan("--rate 2").unwrap(), None).contains("identities"));
}

#[test]
fn wrong_flags_say_what_is_wrong() {
    for (args, expected) in [
        ("", "missing load: add --rate"),
        ("--rate 0", "a rate of 0 starts nothing"),
        ("--rate -5", "invalid rate `-5`"),
        ("--rate abc", "invalid rate `abc`"),
        ("--rate 1000000000000", "exceeds the highest rate"),
        ("--rate 1 -d 0s", "--duration: a job of 0s starts nothing"),
        ("--rate 1 -d 10", "invalid duration `10`"),
        ("--rate 1 -d -5s", "invalid duration `-5s`"),
        (
            "--rate 1 --max-in-flight 0",
            "'--max-in-flight <N>': expected a number above 0",
        ),
        (
            "--rate 1 --timeout 0s",
            "--timeout: every iteration would time out",
        ),
        ("--rate 1 --param url", "expected KEY=VALUE"),
        ("--rate 1 --samples some", "invalid samples"),
        ("--rate 1 --allow-drops 101%", "a percentage from 0 to 100"),
        (
            "--rate 1 --report pdf=x.pdf",
            "unknown report format `pdf`: expected one of text, json, csv",
        ),
        ("--rate 1 --report json", "invalid report `json`"),
        ("--rate 1 --report json=", "missing file in `json=`"),
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
        "the params in p.json are not valid JSON: expected value at line 2, column 8"
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
    assert!(error.contains("--param requires a JSON object"), "{error}");
    let bad = write("bad", "A=1\nnonsense\n");
    let error = plan(&format!("--rate 1 --env-file {bad}")).unwrap_err();
    assert!(error.contains("bad:2: expected KEY=VALUE"), "{error}");
}
