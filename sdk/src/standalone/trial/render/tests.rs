//! What is shown of what happens.

use std::panic::Location;

use heavy_plugin::line::{Phases, RequestLine};
use http::{HeaderValue, Method};

use super::*;
use crate::http::{Exchange, Request, header};

const PLAIN: Look = Look {
    colour: false,
    show_secrets: false,
    show_places: true,
    body_lines: 3,
};

#[track_caller]
fn place(step: &str) -> Whereabouts<'_> {
    Whereabouts {
        step,
        call: Some(Location::caller()),
    }
}

/// The lines, with this file's name and the line number shortened.
fn shown(step: &str, what: &Observed<'_>) -> String {
    let lines = PLAIN.lines(place(step), what);
    let mut lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some(start) = line.find(file!()) {
            line.replace_range(start.., "HERE");
        }
    }
    lines.join("\n")
}

fn request() -> Request {
    let secret = HeaderValue::from_static("Bearer abcdefghijklmnop");
    Request::new(Method::POST, "http://h/login?token=12345")
        .header(header::AUTHORIZATION, secret)
        .body("user=ann\u{1b}[2J")
}

fn line(status: u16, error: Option<&'static str>) -> RequestLine<'static> {
    RequestLine {
        url: "http://h/login".into(),
        method: "POST".into(),
        name: "POST /login".into(),
        status,
        size: 19,
        duration_ns: 12_345_678,
        error: error.map(Into::into),
        error_kind: if error.is_some() { "refused" } else { "" }.into(),
        proto: "HTTP/1.1".into(),
        phases: Some(Phases {
            send_ns: 345_678,
            wait_ns: 12_000_000,
            ..Phases::default()
        }),
        ..RequestLine::default()
    }
}

#[test]
fn a_request_is_shown_without_its_secrets() {
    let request = request();
    let began = Observed::RequestBegan {
        number: 3,
        request: &request,
    };
    let expected = "    \u{2192} 3 POST http://h/login?token=\u{2026}  HERE
        authorization: Bearer abcd\u{2026} (16 characters)
        | user=ann\\u{1b}[2J";
    assert_eq!(shown("log in", &began), expected);
    let all = Look {
        show_secrets: true,
        ..PLAIN
    };
    let lines = all.lines(place(""), &began);
    assert!(
        lines.contains("token=12345") && lines.contains("Bearer abcdefghijklmnop"),
        "{lines}"
    );
}

#[test]
fn an_answer_is_shown_with_the_start_of_its_body() {
    let mut exchange = Exchange::answered(404, "one\ntwo\nthree\nfour\n");
    let json = HeaderValue::from_static("text/plain");
    exchange.headers.insert(header::CONTENT_TYPE, json);
    let line = line(404, None);
    let ended = Observed::RequestEnded {
        number: Some(3),
        line: &line,
        exchange: Some(&exchange),
    };
    let expected = "  \u{2190} 3 404 Not Found, 12.3ms, 19 bytes, failed (status)  HERE
      send 0.35ms, wait 12.0ms
      content-type: text/plain
      | one
      | two
      | three
      | \u{2026} (1 more line, 19 bytes in all)";
    assert_eq!(shown("", &ended), expected);
}

#[test]
fn a_request_without_an_answer_says_why() {
    let line = line(0, Some("connecting: nobody listens\u{7}"));
    let ended = Observed::RequestEnded {
        number: Some(1),
        line: &line,
        exchange: None,
    };
    let lines = shown("init", &ended);
    let first = "  \u{2717} 1 no response, 12.3ms, failed (refused: connecting: nobody listens\\u{7})  HERE";
    assert_eq!(lines.lines().next(), Some(first));
}

#[test]
fn an_error_is_shown_with_the_last_call_before_it() {
    let ended = |error| Observed::CallEnded {
        function: "init",
        error: Some(error),
    };
    assert_eq!(
        shown("init", &ended("no licence")),
        "  \u{2717} init failed: no licence\n    the last call was at HERE"
    );
    // A panic knows where it was.
    assert_eq!(
        shown("init", &ended("panicked at a.rs:1:2: no")),
        "  \u{2717} init failed: panicked at a.rs:1:2: no"
    );
}

#[test]
fn colours_are_around_texts_and_never_in_them() {
    let look = Look {
        colour: true,
        ..PLAIN
    };
    let lines = look.lines(
        Whereabouts { step: "", call: None },
        &Observed::Checked {
            name: "is\u{1b}[0m200",
            passed: true,
        },
    );
    assert_eq!(lines, "  \u{1b}[32m\u{2713} is\\u{1b}[0m200\u{1b}[0m\n");
}
