//! The throwaway cluster.

use heavy_testkit::Postgres;

#[test]
fn every_database_is_fresh() {
    let postgres = Postgres::shared();
    let (one, other) = (postgres.database(), postgres.database());
    one.query("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, NULL), (2, 'zwei')");
    let rows = one.query("SELECT a, b FROM t ORDER BY a");
    assert_eq!(
        rows,
        [
            vec![Some("1".to_owned()), None],
            vec![Some("2".to_owned()), Some("zwei".to_owned())]
        ]
    );
    assert_eq!(one.value::<i64>("SELECT sum(a) FROM t"), 3);
    assert_ne!(one.url(), other.url());
    let refusal = other.try_query("SELECT * FROM t").unwrap_err();
    assert_eq!(refusal, "relation \"t\" does not exist");
}

#[test]
fn tcp_connections_need_the_password() {
    let database = Postgres::shared().database();
    let methods = database.query("SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type = 'host'");
    assert_eq!(methods, [vec![Some("scram-sha-256".to_owned())]]);
    assert!(database.url().starts_with("postgres://heavy:"));
}

#[test]
fn a_cluster_of_its_own_is_gone_after_drop() {
    let postgres = Postgres::start();
    let port = postgres.port();
    drop(postgres);
    let refused = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_killed_cluster_starts_again_with_what_was_committed() {
    let mut postgres = Postgres::start();
    let database = postgres.database();
    database.query("CREATE TABLE t (a int); INSERT INTO t VALUES (7)");
    postgres.kill();
    assert!(postgres.is_killed());
    assert!(std::net::TcpStream::connect(("127.0.0.1", postgres.port())).is_err());
    postgres.start_again();
    assert_eq!(database.value::<i32>("SELECT a FROM t"), 7);
}
