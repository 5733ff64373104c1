//! The binary: where it stores, how it ends, what it refuses.

use heavy_testkit::{Finished, Postgres, Run, ServiceProcess, Signal, TempDir, free_port, sqlite};

fn collector(folder: &TempDir) -> Run {
    Run::binary("heavy-collector").env("XDG_DATA_HOME", folder.path())
}

fn free() -> String {
    format!("127.0.0.1:{}", free_port())
}

#[track_caller]
fn refused(run: Run, code: i32, expected: &str) -> Finished {
    let finished = run.finish().expect_code(code);
    assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    assert!(finished.stdout.is_empty(), "{}", finished.stdout);
    finished
}

#[test]
fn it_serves_from_the_default_database_and_ends_when_asked_to() {
    let folder = TempDir::new("collector");
    for signal in [Signal::TERM, Signal::INT] {
        let mut service =
            ServiceProcess::start("collector", collector(&folder).args(["--listen", "127.0.0.1:0"]));
        service.signal(signal);
        assert_eq!(service.stop().code, Some(0));
    }
    assert!(folder.join("heavy/heavy.db").is_file());
}

#[test]
fn flags_can_come_from_the_environment() {
    let folder = TempDir::new("collector");
    let database = Postgres::shared().database();
    let run = collector(&folder)
        .env("HEAVY_LISTEN", "127.0.0.1:0")
        .env("HEAVY_DATABASE", database.url());
    let service = ServiceProcess::start("collector", run);
    assert_eq!(database.value::<i32>("select count(*) from jobs"), 0);
    assert_eq!(service.stop().code, Some(0));
}

#[test]
fn a_port_is_refused_that_is_taken_or_open_to_others() {
    let folder = TempDir::new("collector");
    let service = ServiceProcess::start("collector", collector(&folder).args(["--listen", "127.0.0.1:0"]));
    let taken = service.addr().to_string();
    refused(
        collector(&folder).args(["--listen", &taken]),
        1,
        "choose another port with --listen",
    );
    for open in ["0.0.0.0:7701", "[::]:7701"] {
        refused(
            collector(&folder).args(["--listen", open]),
            2,
            "refusing to listen on",
        );
    }
    refused(
        collector(&folder).args(["--listen", "nowhere"]),
        2,
        "invalid listen address `nowhere`",
    );
}

#[test]
fn a_database_is_refused_that_cannot_be_used() {
    let folder = TempDir::new("collector");
    std::fs::write(folder.join("file"), "in the way").unwrap();
    let with = |flag: &str, value: &str| collector(&folder).args(["--listen", &free(), flag, value]);
    let file = folder.join("file").display().to_string();
    refused(with("--data-dir", &file), 1, "choose another with --data-dir");
    refused(with("--database", "oracle://db"), 2, "invalid database URL");
    let url = Postgres::shared()
        .database()
        .url()
        .replace("heavy-test-only", "wrong-secret");
    let finished = refused(with("--database", &url), 1, "wrong password or unknown user");
    assert!(!finished.stderr.contains("wrong-secret"), "{}", finished.stderr);
}

#[test]
fn a_postgres_that_is_not_there_is_named_without_its_password() {
    let folder = TempDir::new("collector");
    let nobody = free();
    let url = format!("postgres://u:secret@{nobody}/x");
    let run = collector(&folder).args(["--listen", &free(), "--database", &url]);
    let expected = format!("cannot reach the database at postgres://u@{nobody}/x: Connection refused");
    let finished = refused(run, 1, &expected);
    assert!(!finished.stderr.contains("secret"), "{}", finished.stderr);
    assert!(!finished.stderr.contains("listening on"), "{}", finished.stderr);
}

#[test]
fn a_file_of_a_newer_heavy_is_refused() {
    let folder = TempDir::new("collector");
    let run = || collector(&folder).args(["--listen", "127.0.0.1:0"]);
    ServiceProcess::start("collector", run()).stop().expect_code(0);
    let file = folder.join("heavy/heavy.db");
    sqlite(
        &file,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (999, 'from the future', true, '', 0)",
    );
    let finished = refused(run(), 1, "use a newer heavy or another database");
    let expected = format!(
        "the database at sqlite://{} has schema version 999",
        file.display()
    );
    assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
}
