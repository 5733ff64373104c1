//! Which cookies a jar keeps, and to whom it sends them.

use super::*;

fn jar(set: &[(&str, &str)]) -> CookieJar {
    let mut jar = CookieJar::default();
    for (url, header) in set {
        jar.set(&Target::parse(url), header.as_bytes(), 100);
    }
    jar
}

fn sent(jar: &CookieJar, url: &str, now_s: i64) -> String {
    let mut request = Request::get(url);
    jar.attach(&mut request, now_s);
    let sent = request.header_map().get(header::COOKIE);
    sent.map_or_else(String::new, |value| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    })
}

#[test]
fn cookies_go_back_to_where_they_belong() {
    let jar = jar(&[
        ("http://a.shop.example/x/y", "own=1"),
        ("http://a.shop.example/", "all=2; Domain=shop.example"),
        ("http://a.shop.example/", "deep=3; Path=/x/y"),
        ("https://a.shop.example/", "safe=4; Secure; Path=/"),
    ]);
    for (url, expected) in [
        ("http://a.shop.example/x/y", "deep=3; own=1; all=2"),
        ("http://a.shop.example/x/z", "own=1; all=2"),
        ("http://a.shop.example/xy", "all=2"),
        ("http://A.SHOP.example:81/?q", "all=2"),
        ("http://b.shop.example/x/y", "all=2"),
        ("http://b.a.shop.example/x/y", "all=2"),
        ("http://shop.example/", "all=2"),
        ("http://notshop.example/", ""),
        ("https://a.shop.example/", "all=2; safe=4"),
    ] {
        assert_eq!(sent(&jar, url, 100), expected, "{url}");
    }
    let shop = Target::parse("http://a.shop.example/x/y");
    assert_eq!(jar.value(&shop, "own", 100).as_deref(), Some("1"));
    assert_eq!(jar.value(&shop, "safe", 100), None);
}

#[test]
fn cookies_of_others_are_refused() {
    for (url, header) in [
        ("http://shop.example/", "a=1; Domain=other.example"),
        ("http://shop.example/", "a=1; Domain=a.shop.example"),
        ("http://shop.example/", "a=1; Domain=example"),
        ("http://a.localhost/", "a=1; Domain=localhost"),
        ("http://10.0.0.1/", "a=1; Domain=0.0.1"),
        ("http://shop.example/", "a=1; Secure"),
        ("nonsense", "a=1"),
    ] {
        assert!(jar(&[(url, header)]).cookies.is_empty(), "{url} {header}");
    }
    for (url, header) in [
        ("http://10.0.0.1/", "a=1; Domain=10.0.0.1"),
        ("http://localhost:81/", "a=1; Domain=localhost"),
        ("http://[::1]/", "a=1"),
    ] {
        assert_eq!(sent(&jar(&[(url, header)]), url, 100), "a=1", "{url} {header}");
    }
    let over = jar(&[
        ("https://h/", "a=1; Secure; Path=/"),
        ("http://h/", "a=2; Path=/"),
    ]);
    assert_eq!(
        sent(&over, "https://h/", 100),
        "a=1",
        "only https changes a secure cookie"
    );
}

#[test]
fn cookies_are_replaced_and_expire() {
    let mut jar = jar(&[
        ("http://h/", "a=1"),
        ("http://h/", "b=2; Max-Age=10"),
        ("http://h/", "a=3"),
    ]);
    assert_eq!(sent(&jar, "http://h/", 109), "a=3; b=2");
    assert_eq!(sent(&jar, "http://h/", 110), "a=3");
    let version = jar.version();
    jar.set(&Target::parse("http://h/"), b"a=3", 100);
    assert_eq!(jar.version(), version, "nothing has changed");
    jar.set(&Target::parse("http://h/"), b"a=; Max-Age=0", 100);
    assert_eq!(sent(&jar, "http://h/", 100), "b=2");
    jar.clear();
    assert_eq!(sent(&jar, "http://h/", 100), "");
    assert!(jar.version() > version);
}

#[test]
fn a_header_of_the_load_test_is_left_alone() {
    let jar = jar(&[("http://h/", "a=1")]);
    let mut request = Request::get("http://h/").header(header::COOKIE, HeaderValue::from_static("mine=1"));
    jar.attach(&mut request, 100);
    assert_eq!(request.header_map()[header::COOKIE], "mine=1");
}

#[test]
fn number_and_size_are_bounded_and_what_is_dropped_is_counted() {
    let target = |n: usize| Target::parse(&format!("http://h{n}.example/"));
    let mut jar = CookieJar::default();
    let dropped: u64 = (0..MAX_PER_DOMAIN + 10)
        .map(|n| jar.set(&target(0), format!("c{n}=x").as_bytes(), 100))
        .sum();
    assert_eq!((jar.cookies.len(), dropped), (MAX_PER_DOMAIN, 10));
    assert!(sent(&jar, "http://h0.example/", 100).starts_with("c10=x"));
    let dropped: u64 = (0..MAX_COOKIES)
        .map(|n| jar.set(&target(n), format!("d{n}=x").as_bytes(), 100))
        .sum();
    assert_eq!(
        (jar.cookies.len() as u64, dropped),
        (MAX_COOKIES as u64, MAX_PER_DOMAIN as u64)
    );
    let long = format!("long={}", "x".repeat(MAX_COOKIE_BYTES));
    assert_eq!(jar.set(&target(0), long.as_bytes(), 100), 1);
    let large = "x".repeat(MAX_COOKIE_BYTES - 10);
    let dropped: u64 = (0..MAX_PER_DOMAIN)
        .map(|n| jar.set(&target(n), format!("e={large}").as_bytes(), 100))
        .sum();
    assert!(dropped > 0 && jar.cookies.iter().map(Cookie::bytes).sum::<usize>() <= MAX_BYTES);
}

proptest::proptest! {
    #[test]
    fn any_header_is_safe(header in ".{0,80}", url in "http://[a-z.]{1,9}/[a-z/]{0,5}") {
        let mut jar = CookieJar::default();
        jar.set(&Target::parse(&url), header.as_bytes(), 100);
        let _ = sent(&jar, &url, 100);
    }
}
