//! What request flags become.

use super::*;

fn flags(headers: &[&str]) -> RequestFlags {
    RequestFlags {
        headers: headers.iter().map(|text| header(text).unwrap()).collect(),
        ..RequestFlags::default()
    }
}

#[test]
fn names_of_jobs_hold_no_secrets() {
    assert_eq!(without_secrets("http://me:secret@x:81/a?key=1"), "http://x:81/a");
}

#[test]
fn headers_are_names_and_values() {
    let pair = |name: &str, value: &str| HeaderFlag::Pair(name.to_owned(), value.to_owned());
    assert_eq!(header("a: b:c"), Ok(pair("a", "b:c")));
    assert_eq!(header("@file"), Ok(HeaderFlag::File("file".into())));
    assert!(header("novalue").is_err());
    assert!(header(":x").is_err());
}

#[test]
fn secrets_are_variables_and_repeated_names_stay() {
    let flags = RequestFlags {
        auth: Some("me:pw".to_owned()),
        ..flags(&["a: 1", "a: 2", "Cookie: c=1", "cookie: d=2"])
    };
    let UrlRequest { params, variables } = flags.request("http://x/").unwrap();
    assert_eq!(
        params.headers.pairs(),
        [
            ("a", Some("1")),
            ("a", Some("2")),
            ("Cookie", None),
            ("authorization", None)
        ]
    );
    assert_eq!(variables["REQUEST_COOKIE"], "c=1\nd=2");
    assert_eq!(variables["REQUEST_AUTHORIZATION"], "Basic bWU6cHc=");
    let of_url = flags_of_url("http://m%65:pw@x/?q");
    assert_eq!((&*of_url.params.url, of_url.variables.len()), ("http://x/?q", 1));
    assert_eq!(of_url.variables["REQUEST_AUTHORIZATION"], "Basic bWU6cHc=");
}

#[test]
fn no_header_takes_the_place_of_the_certificates_key() {
    let UrlRequest { variables, .. } = flags(&["client-key: 1", "client-certificate-key: 2"])
        .request("http://x/")
        .unwrap();
    assert_eq!(variables.len(), 2);
    assert!(!variables.contains_key(KEY_VARIABLE), "{variables:?}");
}

fn flags_of_url(url: &str) -> UrlRequest {
    RequestFlags::default().request(url).unwrap()
}

#[test]
fn data_is_a_form_that_is_posted() {
    let with = |flags: RequestFlags| {
        let params = flags.request("http://x/").unwrap().params;
        let headers = params.headers.pairs().len();
        (params.method.clone(), headers)
    };
    let data = || Some("a=1".to_owned());
    let posted = RequestFlags {
        data: data(),
        ..flags(&[])
    };
    assert_eq!(with(posted), ("POST".to_owned(), 1));
    let put = RequestFlags {
        data: data(),
        method: Some("PUT".to_owned()),
        ..flags(&["Content-Type: text/plain"])
    };
    assert_eq!(with(put), ("PUT".to_owned(), 1));
}

#[test]
fn wrong_flags_say_what_is_wrong() {
    let problem = |flags: RequestFlags| flags.request("http://x/").unwrap_err().to_string();
    let user = |user: &str, headers: &[&str]| RequestFlags {
        auth: Some(user.to_owned()),
        ..flags(headers)
    };
    assert!(problem(user("me", &[])).contains("missing password"));
    assert!(problem(user("me:pw", &["Authorization: x"])).contains("conflicts"));
    assert!(problem(flags(&["a b: c"])).contains("invalid header name `a b`"));
    assert!(problem(flags(&["x-key: a", "X_Key: b"])).contains("headers x-key and X_Key share a variable"));
    let of_url = flags(&["Authorization: x"])
        .request("http://me:pw@x/")
        .unwrap_err();
    assert!(
        of_url.to_string().contains("the user in the URL conflicts"),
        "{of_url}"
    );
    let large = RequestFlags {
        data: Some("x".repeat((1 << 20) + 1)),
        ..flags(&[])
    };
    assert!(problem(large).contains("exceeds 1024 KiB"));
}
