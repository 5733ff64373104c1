//! nginx and its count.

use heavy_testkit::{Nginx, http};

#[test]
fn it_answers_twelve_bytes_and_counts_exactly() {
    let nginx = Nginx::start();
    assert_eq!((nginx.requests(), nginx.connections()), (0, 0));
    for _ in 0..7 {
        let response = http::get(nginx.addr(), "/any/path?x=1");
        assert_eq!((response.status, response.text()), (200, "hello heavy\n"));
    }
    assert_eq!((nginx.requests(), nginx.connections()), (7, 7));
    assert_eq!(nginx.requests(), 7, "looking does not count");
}

#[test]
fn two_run_side_by_side() {
    let (one, other) = (Nginx::start(), Nginx::start());
    http::get(one.addr(), "/");
    assert_eq!((one.requests(), other.requests()), (1, 0));
}
