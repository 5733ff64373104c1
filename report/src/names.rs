//! What requests, errors and values are called, in all formats alike; all of it is hostile text.

use heavy_load::escape::escape;
use heavy_results::stats::Errors;
use heavy_results::summary::{MetricSummary, RequestSummary};

use crate::clip::{clip, clip_middle, columns};
use crate::units::{count, number, percent};

/// Columns that a place keeps beside a long message.
const SHORTEST_PLACE: usize = 20;

/// Columns of a URL in a message that is too long.
const LONGEST_URL: usize = 24;

/// A request's name; one that does not already begin with its method gets it. Protocols other than HTTP are named.
pub(crate) fn request(request: &RequestSummary) -> String {
    let name = with_method(request);
    if request.is_http() {
        name
    } else {
        format!("{name} ({})", request.protocol)
    }
}

fn with_method(request: &RequestSummary) -> String {
    if request.method.is_empty() || request.name.starts_with(&format!("{} ", request.method)) {
        request.name.clone()
    } else {
        format!("{} {}", request.method, request.name)
    }
}

/// Where an error happened: `buy / pay / POST /checkout`; empty where that is not known.
pub(crate) fn place(error: &Errors) -> String {
    let parts = [&error.workflow, &error.step, &error.name].into_iter();
    let known: Vec<&str> = parts
        .map(|part| &**part)
        .filter(|part| !part.is_empty())
        .collect();
    known.join(" / ")
}

/// An example of an error without the method and the URL that it begins with: `answered 500`. A line of the summary has its
/// place already, and no room for both.
pub(crate) fn without_request(example: &str) -> &str {
    let mut parts = example.splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(method), Some(url), Some(rest))
            if method.bytes().all(|byte| byte.is_ascii_uppercase()) && url.contains("://") =>
        {
            rest
        }
        _ => example,
    }
}

/// Where an error happened and its message, in `room` columns. Of a message that is too long the cause stays, which is its
/// last part: URLs and error numbers are shortened first, then the place, then what is before the cause.
pub(crate) fn fitted(place: &str, message: &str, room: usize) -> String {
    let join = |place: &str, message: &str| {
        let parts = [place, message].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(": ")
    };
    let (place, message) = (escape(place), escape(message));
    let whole = join(&place, &message);
    if columns(&whole) <= room || message.is_empty() {
        return clip_middle(&whole, room);
    }
    let message = with_short_urls(without_number(&message));
    let for_place = room.saturating_sub(columns(&message) + 2).max(SHORTEST_PLACE);
    let place = clip_middle(&place, for_place);
    let for_message = (room + 1).saturating_sub(columns(&join(&place, "x")));
    clip_middle(&join(&place, &ending_in_cause(&message, for_message)), room)
}

/// A message without the number of the operating system's error at its end, which repeats its text.
fn without_number(message: &str) -> &str {
    let text = message
        .rsplit_once(" (os error ")
        .filter(|(_, end)| end.ends_with(')'));
    text.map_or(message, |(text, _)| text)
}

/// A message in `room` columns, whose last part stays whole if there is room for it.
fn ending_in_cause(message: &str, room: usize) -> String {
    match message.rsplit_once(": ") {
        Some((before, cause)) if columns(message) > room && columns(cause) + 3 <= room => {
            format!("{}: {cause}", clip(before, room - columns(cause) - 2))
        }
        _ => clip_middle(message, room),
    }
}

fn with_short_urls(message: &str) -> String {
    let shortened = |word: &str| match word.split_once("://") {
        Some(_) => {
            let end = word.trim_end_matches([':', ',', ';', ')']);
            format!("{}{}", clip_middle(end, LONGEST_URL), &word[end.len()..])
        }
        None => word.to_owned(),
    };
    message.split(' ').map(shortened).collect::<Vec<_>>().join(" ")
}

/// How often an error occurred; of the failures of iterations also how many a failed request had caused, which counts too.
pub(crate) fn occurrences(error: &Errors) -> String {
    match error.repeats {
        0 => count(error.count),
        repeats => format!("{} ({} by failed requests)", count(error.count), count(repeats)),
    }
}

/// The kind of an error, also of one without.
pub(crate) fn kind(error: &Errors) -> &str {
    if error.kind.is_empty() {
        "error"
    } else {
        &error.kind
    }
}

/// The value of a custom metric, with what it is.
pub(crate) fn value(metric: &MetricSummary) -> String {
    match metric.kind.as_str() {
        "counter" => format!("sum {}", number(metric.value)),
        "gauge" => format!("newest {}", number(metric.value)),
        "rate" => percent(metric.value, 1.0),
        "trend" => format!("average {}", number(metric.value)),
        _ => number(metric.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_of_an_error_loses_only_the_request_before_it() {
        for (example, short) in [
            ("GET http://127.0.0.1:8080/big answered 404", "answered 404"),
            ("the login was answered 400", "the login was answered 400"),
            ("GET http://127.0.0.1:8080/big", "GET http://127.0.0.1:8080/big"),
            ("connecting to ws://a failed", "connecting to ws://a failed"),
            ("", ""),
        ] {
            assert_eq!(without_request(example), short);
        }
    }

    #[test]
    fn a_long_error_keeps_its_cause() {
        let message =
            "GET http://shop.example.org:8080/catalogue/products/17: connecting: Connection refused";
        let refused = "connecting to 127.0.0.1:1: Connection refused (os error 111)";
        let place = "buy / pay / POST /checkout/of/a/long/order/{id}";
        for (place, message, room, shown) in [
            (
                "http / GET /",
                "Connection refused",
                60,
                "http / GET /: Connection refused",
            ),
            (
                "http / GET /",
                message,
                80,
                "http / GET /: GET http://shop.…products/17: connecting: Connection refused",
            ),
            (
                place,
                message,
                80,
                "buy / pay …rder/{id}: GET http://shop.…products/17: connect…: Connection refused",
            ),
            (
                place,
                message,
                60,
                "buy / pay …rder/{id}: GET http://shop.……: Connection refused",
            ),
            (
                place,
                refused,
                56,
                "buy / pay …rder/{id}: connecting to…: Connection refused",
            ),
            (place, "", 20, "buy / pay …rder/{id}"),
            ("", message, 30, "GET http:…: Connection refused"),
        ] {
            let text = fitted(place, message, room);
            assert!(columns(&text) <= room, "{text}");
            assert_eq!(text, shown);
        }
    }
}
