//! Agents whose collector does not answer make no load, and say where they looked.

use heavy_testkit::{Nginx, Postgres, Run, ServiceProcess, TempDir, binary, free_port};

/// Submits a job to a scheduler and an agent of their own, of the collector that `collector` names given the scheduler's
/// URL; returns that name and what submit said.
fn submit(target: &str, collector: impl Fn(String) -> String) -> (String, String) {
    let home = TempDir::new("no-collector");
    let run = |name: &str| Run::binary(name).env("XDG_DATA_HOME", home.path());
    let serve = run("heavy-sched").args(["serve", "--listen", "127.0.0.1:0"]);
    let scheduler = ServiceProcess::start("scheduler", serve);
    let collector = collector(scheduler.url());
    let args = ["--scheduler", &scheduler.url(), "--collector", &collector];
    let _agent = ServiceProcess::start_when("agent", run("heavy-agent").args(args), |line| {
        line.contains("connected to")
    });
    let finished = run("heavy-sched")
        .args(["--scheduler", &scheduler.url(), "submit"])
        .arg(binary("http_get"))
        .args(["--rate", "100", "-d", "1s", "--param", &format!("url={target}")])
        .finish()
        .expect_code(1);
    assert!(finished.stdout.is_empty(), "{}", finished.stdout);
    (collector, finished.stderr)
}

#[test]
fn without_a_collector_there_is_no_load() {
    let nginx = Nginx::start();
    let before = nginx.requests();
    let (nobody, said) = submit(&nginx.url(), |_| format!("http://127.0.0.1:{}", free_port()));
    let expected = format!("cannot reach the collector at {nobody}: Connection refused");
    assert!(
        said.contains(&expected) && said.contains("start one with `heavy-collector`"),
        "{said}"
    );
    let (scheduler, said) = submit(&nginx.url(), |scheduler| scheduler);
    let expected = format!("{scheduler} is not a collector");
    assert!(said.contains(&expected), "{said}");
    assert_eq!(nginx.requests(), before, "the target was left alone");
}

#[test]
fn services_say_which_database_they_use_without_its_password() {
    let (folder, postgres) = (TempDir::new("collector"), Postgres::shared().database());
    let file = format!("sqlite://{}/heavy.db", folder.path().display());
    let (user, place) = postgres.url().rsplit_once('@').unwrap();
    let (user, password) = user.rsplit_once(':').unwrap();
    let shown = format!("{user}@{place}");
    for (program, verb) in [("heavy-collector", None), ("heavy-sched", Some("serve"))] {
        for (database, expected) in [(None, &file), (Some(postgres.url()), &shown)] {
            let run = Run::binary(program).args(verb).args(["--listen", "127.0.0.1:0"]);
            let run = database
                .into_iter()
                .fold(run, |run, url| run.args(["--database", url]));
            let service = ServiceProcess::start(program, run.env("HEAVY_DATA_DIR", folder.path()));
            let log = service.stop().expect_code(0).stderr;
            let line = format!("results database: {expected}");
            assert!(log.lines().any(|logged| logged == line), "{log}");
            assert!(!log.contains(password), "{log}");
        }
    }
}
