//! What requests, errors and values are called, in all formats alike; all of it is hostile text.

use heavy_results::stats::Errors;
use heavy_results::summary::{MetricSummary, RequestSummary};

use crate::units::{count, number, percent};

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
    use super::without_request;

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
}
