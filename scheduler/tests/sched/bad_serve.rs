//! Servers that cannot start: each says why, and what to do.

use heavy_testkit::{Postgres, Run, ServiceProcess, Signal, TempDir};

fn serve(args: &[&str]) -> Run {
    Run::binary("heavy-sched").arg("serve").args(args)
}

fn refused(args: &[&str], code: i32, expected: &str) {
    let finished = serve(args).finish().expect_code(code);
    assert!(
        finished.stderr.contains(expected),
        "{args:?}: {}",
        finished.stderr
    );
    assert!(!finished.stderr.contains("listening on"), "{}", finished.stderr);
}

#[test]
fn a_server_says_where_it_listens_and_ends_on_a_signal() {
    let service = ServiceProcess::start("heavy-sched", serve(&["--listen", "127.0.0.1:0"]));
    let health = heavy_testkit::http::get(service.addr(), "/healthz");
    assert_eq!(health.status, 200);
    service.stop().expect_code(0);
    let mut running = serve(&["--listen", "localhost:0"]).start();
    running.wait_line(|line| line.starts_with("listening on http://"));
    running.signal(Signal::INT);
    running.finish().expect_code(0);
}

#[test]
fn only_loopback_is_listened_on() {
    for address in ["0.0.0.0:0", "[::]:0", "10.255.255.1:7700"] {
        refused(&["--listen", address], 2, "there is no authentication yet");
    }
    refused(&["--listen", "here"], 2, "invalid listen address `here`");
}

#[test]
fn a_port_in_use_is_named() {
    let service = ServiceProcess::start("heavy-sched", serve(&["--listen", "127.0.0.1:0"]));
    let address = service.addr().to_string();
    refused(
        &["--listen", &address],
        1,
        &format!("cannot listen on {address}: Address already in use"),
    );
}

#[test]
fn a_data_dir_is_for_one_scheduler_and_must_be_writable() {
    let dir = TempDir::new("data");
    let data_dir = dir.path().display().to_string();
    let args = ["--listen", "127.0.0.1:0", "--data-dir", &data_dir];
    let service = ServiceProcess::start("heavy-sched", serve(&args));
    refused(
        &args,
        1,
        &format!("the data directory {data_dir} is in use by another scheduler"),
    );
    service.stop();
    ServiceProcess::start("heavy-sched", serve(&args));
    // Nobody, not even root, can make a folder in /proc.
    refused(
        &["--listen", "127.0.0.1:0", "--data-dir", "/proc/heavy"],
        1,
        "cannot use the data directory /proc/heavy",
    );
}

#[test]
fn databases_that_do_not_answer_are_named_without_password() {
    let listen = ["--listen", "127.0.0.1:0", "--database"];
    let with = |database: &str, code: i32, expected: &str| {
        let finished = serve(&listen).arg(database).finish().expect_code(code);
        assert!(
            finished.stderr.contains(expected),
            "{database}: {}",
            finished.stderr
        );
        assert!(!finished.stderr.contains("secret"), "{}", finished.stderr);
    };
    with("mysql://root:secret@localhost/x", 2, "invalid database URL");
    with(
        "postgres://u:secret@127.0.0.1:1/x",
        1,
        "cannot reach the database at postgres://u@127.0.0.1:1/x",
    );
    let database = Postgres::shared().database();
    let (head, _) = database.url().rsplit_once('/').unwrap();
    with(
        &format!("{head}/heavy_nothing"),
        1,
        "database `heavy_nothing` does not exist; create it (createdb",
    );
    let (head, place) = database.url().split_once('@').unwrap();
    let (user, _) = head.rsplit_once(':').unwrap();
    with(
        &format!("{user}:secret@{place}"),
        1,
        "wrong password or unknown user",
    );
}

#[test]
fn a_database_of_a_newer_heavy_is_refused() {
    let database = Postgres::shared().database();
    let args = ["--listen", "127.0.0.1:0", "--database", database.url()];
    ServiceProcess::start("heavy-sched", serve(&args)).stop();
    database.query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99999999999999, 'later', true, '\\x00', 0)",
    );
    refused(&args, 1, "has schema version 99999999999999");
}
