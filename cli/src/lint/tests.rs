//! Streams and what is said of them.

use super::*;

const REQUEST: &str = r#"{"sequenceID":"a","url":"http://x/","method":"GET","status":200,"size":1,"timestamp":"2026-01-01T00:00:00Z","duration":5,"error":null}"#;

fn checked(input: &[u8]) -> (String, bool) {
    let mut out = Vec::new();
    let totals = check(input, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), totals.all_results())
}

#[test]
fn a_good_stream_is_counted_by_type() {
    let stream = format!(
        "\n{}\n\n{REQUEST}\n{REQUEST}\n{}\n",
        Hello::new("test").to_line(),
        r#"{"type":"metric","name":"n","kind":"gauge","value":1}"#
    );
    let (out, all_results) = checked(stream.as_bytes());
    assert!(all_results);
    assert_eq!(
        out,
        "lines                  6\n\
         results                4  hello 1, metric 1, request 2\n\
         no results             0\n"
    );
}

#[test]
fn what_is_no_result_is_named_with_its_line_and_reason() {
    let cases: [(&[u8], &str); 9] = [
        (b"starting up\n", "1: text: not a JSON object"),
        (b"\xff\n", "1: not-utf8: "),
        (b"{}\n", "1: wrong-fields: request line: sequenceID is missing, url is missing"),
        (
            br#"{"type":"metric","name":1,"kind":"sum","value":2}"#,
            "1: cut-off: the stream ends within the line",
        ),
        (
            b"{\"type\":\"metric\",\"name\":1,\"kind\":\"sum\",\"value\":2}\n",
            "1: wrong-fields: metric line: name must be a string, kind must be counter, gauge, rate or trend",
        ),
        (b"{\"type\":\"\\u001b[2J\"}\n", "1: unknown-type: type \"\\u{1b}[2J\" is not one of"),
        (b"{\"type\":\"hello\",\"protocol\":2,\"sdk\":\"x\"}\n", "1: wrong-fields: hello of protocol 2"),
        (
            b"{\"type\":\"dropped\",\"workflow\":\"w\",\"reason\":\"full\",\"count\":-1,\"first\":0,\"last\":0}\n",
            "1: wrong-fields: dropped line: count must be a whole number from 0",
        ),
        (
            b"{\"type\":\"iteration\",\"workflow\":\"w\",\"iteration\":1,\"scheduled\":\"noon\",\"lag\":1,\"duration\":1,\"ok\":true}\n",
            "1: wrong-fields: a field of this iteration line has an invalid value",
        ),
    ];
    for (stream, expected) in cases {
        let (out, all_results) = checked(stream);
        assert!(out.starts_with(expected), "{out}");
        assert!(!all_results);
    }
}

#[test]
fn a_line_beyond_the_limit_is_skipped_and_the_next_one_is_read() {
    let mut stream = vec![b'x'; 3 << 20];
    stream.push(b'\n');
    stream.extend_from_slice(REQUEST.as_bytes());
    stream.push(b'\n');
    let (out, all_results) = checked(&stream);
    assert!(!all_results);
    assert!(out.starts_with("1: too-long: "), "{out}");
    assert!(out.contains("request 1"), "{out}");
}

#[test]
fn every_line_that_the_encoder_writes_is_a_result() {
    let mut bytes = Vec::new();
    heavy_plugin::line::RequestLine::default().write(&mut bytes);
    assert!(checked(&bytes).1, "{}", String::from_utf8_lossy(&bytes));
}
