//! What documents say, and which of them are refused.

use super::*;
use heavy_load::load::{LoadModel, Quota};
use heavy_load::span::Span;

fn document(rest: &str) -> String {
    format!(r#"{{"binary_sha256":"{}"{rest}}}"#, "a".repeat(64))
}

fn parsed(rest: &str) -> JobSpec {
    JobSpec::parse(&document(rest)).unwrap_or_else(|error| panic!("{rest}: {error}"))
}

#[test]
fn a_minimal_document_gets_the_defaults_and_survives() {
    let spec = parsed(r#","rate":"100""#);
    let mut expected = JobSpec::new("a".repeat(64), "100/s".parse().unwrap(), Span::from_s(30));
    expected.load_spec.duration = None;
    assert_eq!(spec, expected);
    assert_eq!(
        (spec.total_duration(), spec.load().planned()),
        (Span::from_s(30), 3_000)
    );
    assert_eq!(JobSpec::parse(&serde_json::to_string(&spec).unwrap()), Ok(spec));
}

#[test]
fn every_load_survives_its_document() {
    for rest in [
        r#","stages":["10s:100","1m:100","10s:0"],"arrivals":"poisson","seed":7"#,
        r#","rate":"50","warm_up":"5s","stages":["10s:100"]"#,
        r#","users":"30s:100,1m:100","pacing":"1s""#,
        r#","users":5,"iterations":100,"duration":"1m""#,
        r#","iterations_per_user":3"#,
        r#","workflows":["browse",{"name":"buy","weight":3}],"rate":"40""#,
        r#","workflows":[{"name":"a","rate":"5","start":"10s"},{"name":"b","users":2,"params":{"x":1}}]"#,
        r#","rate":"1","unique_users":10,"on":{"region":"eu"},"weights":"cores","replace":true,"allow_invalid":true"#,
    ] {
        let spec = parsed(rest);
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(JobSpec::parse(&text), Ok(spec), "{text}");
    }
}

/// What is added to a document, and what is said of it.
const WRONG: &[(&str, &str)] = &[
    (r#","rate":"0""#, "a rate of 0 starts nothing"),
    (r#","rate":"-1""#, "invalid rate"),
    (
        r#","rate":"1","duration":"0s""#,
        "duration: a job of 0s starts nothing",
    ),
    (r#","rate":"1","duration":"30""#, "invalid duration"),
    (r#","rate":"1","max_in_flight":0"#, "max_in_flight"),
    (r#","rate":"1","agents":0"#, "at least one agent"),
    (r#","rate":"1","samples":"some""#, "invalid samples"),
    (
        r#","rate":"1","workflows":["a","b","a"]"#,
        "workflows: duplicate workflow `a`",
    ),
    (
        r#","rate":"1","rats":1"#,
        "unknown field `rats`; did you mean `rate`?",
    ),
    ("", "rate: a job requires rate, stages, users or iterations"),
    (r#","rate":"1","users":5"#, "users: conflicts with a rate"),
    (
        r#","stages":["1s:1"],"iterations":5"#,
        "iterations: conflicts with stages",
    ),
    (
        r#","stages":["1s:1"],"duration":"5s""#,
        "duration: stages have their own",
    ),
    (r#","stages":["1s:0"]"#, "stages: these start nothing"),
    (
        r#","stages":["1s:1"],"warm_up":"5s""#,
        "warm_up: requires rate: stages start from it",
    ),
    (r#","stages":["1s"]"#, "invalid stage"),
    (r#","users":0"#, "expected at least 1 user"),
    (
        r#","users":2,"arrivals":"poisson""#,
        "arrivals: random arrivals require a rate",
    ),
    (r#","users":"5s:2","duration":"5s""#, "duration: stages of users"),
    (r#","users":"5s:2","iterations":5"#, "a constant number of users"),
    (
        r#","iterations":1,"iterations_per_user":1"#,
        "conflicts with iterations_per_user",
    ),
    (r#","rate":"1","seed":1"#, "seed: requires random arrivals"),
    (r#","rate":"1","pacing":"1s""#, "pacing: conflicts with a rate"),
    (r#","pacing":"1s""#, "pacing: requires users"),
    (
        r#","users":2,"unique_users":2"#,
        "already have distinct identities",
    ),
    (
        r#","rate":"1","workflows":[{"name":"a","rate":"1"}]"#,
        "both the job and a workflow have a load",
    ),
    (
        r#","workflows":[{"name":"a","rate":"1"},"b"]"#,
        "`b` has no load of its own",
    ),
    (
        r#","workflows":[{"name":"a","rate":"1","users":2}]"#,
        "workflow `a`: conflicts with a rate",
    ),
    (
        r#","workflows":[{"name":"a","speed":2}]"#,
        "unknown field `speed`",
    ),
    (
        r#","rate":"1","workflows":[{"name":"a","weight":0}]"#,
        "`a` has weight 0",
    ),
    (
        r#","rate":"1","duration":"1s","workflows":["a","b"]"#,
        "as one gets no iteration",
    ),
    (
        r#","iterations":10,"workflows":["a","b"]"#,
        "as one gets no iteration",
    ),
];

#[test]
fn wrong_documents_say_what_is_wrong() {
    for (rest, expected) in WRONG {
        let error = JobSpec::parse(&document(rest)).unwrap_err().to_string();
        assert!(error.contains(expected), "{rest}: {error}");
    }
    assert!(JobSpec::parse("{}").is_err());
    assert!(JobSpec::parse("[").is_err());
    assert!(JobSpec::parse("3").is_err());
}

#[test]
fn commands_of_go_load_tester_are_understood() {
    let theirs = document(
        r#","name":"n","description":"d","testType":"session","attackDuration":"10m","numMessages":30,"per":"1m",
           "params":{"users":3},"labels":[["team","ingest"]]"#,
    );
    let canonical = JobSpec::parse(&theirs).unwrap_err().to_string();
    assert!(canonical.contains("unknown field `"), "{canonical}");
    let spec = JobSpec::from_client(&theirs).unwrap();
    assert_eq!(spec.load_spec.rate, Some("0.5".parse().unwrap()));
    assert_eq!(spec.workflow_names(), ["session"]);
    assert_eq!(
        (spec.load_spec.duration, &*spec.labels["team"]),
        (Some(Span::from_s(600)), "ingest")
    );
    for (rest, expected) in [
        (r#","numMessages":1,"rate":"1""#, "conflicts with rate"),
        (r#","numMessages":"1""#, "whole number"),
        (r#","numMessages":1,"per":"never""#, "per: "),
        (r#","numMessages":0"#, "a rate of 0"),
        (r#","rate":"1","labels":["x"]"#, "pairs"),
    ] {
        let error = JobSpec::from_client(&document(rest)).unwrap_err().to_string();
        assert!(error.contains(expected), "{rest}: {error}");
    }
}

#[test]
fn weights_deal_one_rate_and_users_exactly() {
    let spec = parsed(r#","rate":"100","duration":"1s","workflows":["a",{"name":"b","weight":3}]"#);
    let load = spec.load();
    let planned: Vec<_> = load
        .workflows
        .iter()
        .map(|workflow| (&*workflow.workflow, workflow.planned()))
        .collect();
    assert_eq!(planned, [("a", 25), ("b", 75)]);
    assert_eq!(
        (load.mean_rate_per_second(), load.count_before(500_000_000)),
        (100.0, 50)
    );
    let spec = parsed(r#","users":7,"iterations":21,"workflows":["a",{"name":"b","weight":2}]"#);
    let parts: Vec<_> = spec
        .load()
        .workflows
        .into_iter()
        .map(|workflow| match workflow.model {
            LoadModel::Closed(closed) => (closed.users.most(), closed.quota, closed.duration_ns),
            LoadModel::Open(_) => panic!("it is closed"),
        })
        .collect();
    let long = 600_000_000_000;
    assert_eq!(parts[0].0 + parts[1].0, 7);
    assert_eq!(parts[0].1, Quota::Shared(7));
    assert_eq!((parts[1].1, parts[1].2), (Quota::Shared(14), long));
}

#[test]
fn a_warm_up_of_no_time_is_none() {
    let spec = parsed(r#","rate":"10","warm_up":"0s""#);
    assert_eq!(spec, parsed(r#","rate":"10""#));
    assert!(!serde_json::to_string(&spec).unwrap().contains("warm_up"));
}

#[test]
fn a_warm_up_comes_before_the_duration_at_the_load_of_its_beginning() {
    for (rest, planned, duration_s) in [
        (r#","rate":"10","duration":"20s","warm_up":"5s""#, 250, 25),
        (r#","rate":"10","stages":["10s:30"],"warm_up":"5s""#, 50 + 200, 15),
        (r#","users":3,"duration":"20s","warm_up":"5s""#, 0, 25),
    ] {
        let load = parsed(rest).load();
        assert_eq!(
            (load.planned(), load.duration_ns(), load.warm_up_ns),
            (planned, duration_s * 1_000_000_000, 5_000_000_000),
            "{rest}"
        );
        assert!(load.mean_rate_per_second().is_sign_positive(), "{rest}");
    }
}

#[test]
fn own_loads_have_their_own_time() {
    let spec = parsed(
        r#","duration":"10s","workflows":[{"name":"a","rate":"5","start":"10s"},{"name":"b","stages":["4s:10"]},
           {"name":"c","users":2,"duration":"3s"}]"#,
    );
    let load = spec.load();
    let ends: Vec<_> = load
        .workflows
        .iter()
        .map(|workflow| workflow.end_ns() / 1_000_000_000)
        .collect();
    assert_eq!((ends, load.is_open()), (vec![20, 4, 3], false));
    assert_eq!(
        (load.planned(), load.rate_per_second_at(12_000_000_000)),
        (50 + 20, 5.0)
    );
}

#[test]
fn files_are_read_again_and_a_job_file_that_names_them_is_told_how_to_add_them() {
    let mut run = RunSpec::default();
    assert!(!run.to_keys().contains_key("files"));
    run.add_files([super::JobFile {
        path: "data/a.csv".to_owned(),
        sha256: "a".repeat(64),
        size: 7,
    }]);
    assert_eq!(RunSpec::from_keys(run.to_keys()).unwrap().files, run.files);
    let document = serde_json::json!({"rate": 1, "files": ["a.csv"]});
    let problem = RunSpec::from_client(document).unwrap_err().to_string();
    assert!(problem.contains("--with FILE"), "{problem}");
}
