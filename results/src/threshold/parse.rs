//! Texts to thresholds: the grammar, and what of it makes no sense.

use super::aggregate::{Aggregate, OPERATORS, Operator};
use super::limit::Limit;
use super::metric::{Metric, MetricType};
use super::selector::{KEYS, Selector};
use super::{Error, Threshold, check};
use heavy_load::span::Span;

/// No expression is longer, in bytes.
const LONGEST: usize = 1000;
const EXAMPLE: &str = "expected an expression such as http_req_duration: p(95)<500";

/// Words that other tools use for a restriction, and ours.
const FOREIGN_KEYS: [(&str, &str); 6] = [
    ("scenario", "workflow"),
    ("group", "step"),
    ("url", "name"),
    ("error", "error_kind"),
    ("error_code", "error_kind"),
    ("metric", "name"),
];

pub(super) fn threshold(text: &str) -> Result<Threshold, Error> {
    if text.len() > LONGEST {
        return Err(Error::new(format!("a threshold has at most {LONGEST} bytes")));
    }
    let mut rest = Rest(text.trim());
    let name = rest.word();
    if name.is_empty() {
        return Err(Error::new(format!("the metric is missing: {EXAMPLE}")));
    }
    if Aggregate::of_name(name).is_some() || (name == "p" && rest.0.starts_with('(')) {
        return Err(Error::new(format!(
            "the metric is missing: write http_req_duration: {}",
            text.trim()
        )));
    }
    let metric = Metric::find(name).map_err(Error::new)?;
    let selectors = selectors(&mut rest, metric)?;
    rest.skip(":");
    let aggregate = aggregate(&mut rest)?;
    metric.check(aggregate).map_err(Error::new)?;
    let operator = operator(&mut rest)?;
    let limit = limit(&mut rest)?;
    let mut threshold = Threshold {
        metric,
        selectors,
        aggregate,
        operator,
        limit,
        window: None,
        abort: false,
        delay: None,
    };
    clauses(&mut rest, &mut threshold)?;
    check::limit(&threshold)?;
    check::clauses(&threshold)?;
    Ok(threshold)
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.0.split_at(bytes);
        self.0 = rest;
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        self.take(end)
    }

    /// A name, after blanks.
    fn word(&mut self) -> &'a str {
        self.0 = self.0.trim_start();
        self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    }

    /// Skips a token after blanks; false if it is not there.
    fn skip(&mut self, token: &str) -> bool {
        let after = self.0.trim_start().strip_prefix(token);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }

    /// What comes next, for a message.
    fn next(&self) -> String {
        let next: String = self.0.trim_start().chars().take(20).collect();
        if next.is_empty() {
            "the end".to_owned()
        } else {
            format!("`{next}`")
        }
    }
}

fn selectors(rest: &mut Rest<'_>, metric: &'static Metric) -> Result<Vec<Selector>, Error> {
    let mut selectors: Vec<Selector> = Vec::new();
    if rest.skip("{") {
        loop {
            let selector = selector(rest, metric)?;
            if selectors.iter().any(|other| other.key() == selector.key()) {
                return Err(Error::new(format!("duplicate {}: leave one out", selector.key())));
            }
            selectors.push(selector);
            if rest.skip("}") {
                break;
            }
            if !rest.skip(",") {
                return Err(Error::new(format!(
                    "expected a comma or }} before {}, such as {{workflow:buy,step:pay}}",
                    rest.next()
                )));
            }
        }
    }
    if metric.kind == MetricType::Custom && !selectors.iter().any(|selector| selector.key() == "name") {
        return Err(Error::new(
            "the name of the custom metric is missing: write metric{name:queue_depth}",
        ));
    }
    Ok(selectors)
}

fn selector(rest: &mut Rest<'_>, metric: &'static Metric) -> Result<Selector, Error> {
    let key = rest.word();
    if key.is_empty() {
        return Err(Error::new(format!(
            "expected a key before {}, such as {{workflow:buy,step:pay}}",
            rest.next()
        )));
    }
    let keys = metric.keys();
    if !keys.contains(&key) {
        return Err(Error::new(unknown_key(key, metric)));
    }
    if !rest.skip(":") {
        return Err(Error::new(format!("{key} has no value: write {key}:VALUE")));
    }
    let value = value(rest)?;
    Selector::new(key, value).map_err(Error::new)
}

fn unknown_key(key: &str, metric: &Metric) -> String {
    let (name, keys) = (metric.name, metric.keys().join(", "));
    if let Some((_, ours)) = FOREIGN_KEYS.iter().find(|(theirs, _)| *theirs == key)
        && metric.keys().contains(ours)
    {
        return format!("{name} has no key {key}: heavy calls it {ours}");
    }
    if KEYS.contains(&key) {
        return format!("{name} has no key {key}, only {keys}");
    }
    format!(
        "{name} has no key {key}: thresholds are evaluated on aggregated statistics, which have only {keys} and no tags \
         (heavy sql can query requests by tag)"
    )
}

/// A value: quoted, or up to the next comma or brace; braces in it (`GET /items/{id}`) come in pairs.
fn value(rest: &mut Rest<'_>) -> Result<String, Error> {
    if rest.skip("\"") {
        return quoted(rest);
    }
    let mut depth = 0_u32;
    let end = rest.0.find(|c| match c {
        '{' => {
            depth += 1;
            false
        }
        '}' if depth > 0 => {
            depth -= 1;
            false
        }
        ',' => depth == 0,
        '}' => true,
        _ => false,
    });
    let Some(end) = end else {
        return Err(Error::new("missing } after the keys"));
    };
    let value = rest.take(end).trim();
    if value.is_empty() {
        return Err(Error::new("missing value: write \"\" for an empty one"));
    }
    Ok(value.to_owned())
}

fn quoted(rest: &mut Rest<'_>) -> Result<String, Error> {
    let mut value = String::new();
    let mut chars = rest.0.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                rest.take(at + 1);
                return Ok(value);
            }
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    Err(Error::new("missing \" at the end of a quoted value"))
}

fn aggregate(rest: &mut Rest<'_>) -> Result<Aggregate, Error> {
    let word = rest.word();
    let known = "avg, min, med, max, p(N), count, rate and value";
    if word.is_empty() {
        return Err(Error::new(format!(
            "expected an aggregate before {}: one of {known}",
            rest.next()
        )));
    }
    if word != "p" || !rest.skip("(") {
        return Aggregate::of_name(word).ok_or_else(|| {
            let digits = word.trim_start_matches('p');
            if word.starts_with('p') && !digits.is_empty() && digits.parse::<f64>().is_ok() {
                Error::new(format!("unknown aggregate `{word}`: write p({digits})"))
            } else {
                Error::new(format!("unknown aggregate `{word}`: expected one of {known}"))
            }
        });
    }
    let number = rest.take_while(|c| c != ')').trim().to_owned();
    if !rest.skip(")") {
        return Err(Error::new("missing ) of the percentile: write p(95)"));
    }
    percentile(&number).ok_or_else(|| {
        Error::new(format!(
            "invalid percentile p({number}): expected 0 to 100 with at most 4 decimals, such as p(99.9)"
        ))
    })
}

fn percentile(text: &str) -> Option<Aggregate> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 4 || whole.len() > 3 {
        return None;
    }
    let millionths: u32 = format!("{whole}{decimals:0<4}").parse().ok()?;
    (millionths <= 1_000_000).then_some(Aggregate::Percentile(millionths))
}

fn operator(rest: &mut Rest<'_>) -> Result<Operator, Error> {
    let found = OPERATORS.iter().find(|(text, _)| rest.skip(text));
    found
        .map(|(_, operator)| *operator)
        .ok_or_else(|| Error::new(format!("expected <, <=, >, >=, == or != before {}", rest.next())))
}

fn limit(rest: &mut Rest<'_>) -> Result<Limit, Error> {
    let next = rest.next();
    rest.0 = rest.0.trim_start();
    let number = rest.take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let unit = rest.take_while(|c| c.is_alphabetic() || c == '%');
    let number: f64 = number
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| Error::new(format!("expected a number before {next}: {EXAMPLE}")))?;
    Limit::new(number, unit).ok_or_else(|| {
        Error::new(format!(
            "unknown unit `{unit}`: expected ns, us, ms (the default), s, m or h for times, % for shares"
        ))
    })
}

fn clauses(rest: &mut Rest<'_>, threshold: &mut Threshold) -> Result<(), Error> {
    loop {
        let next = rest.next();
        let twice = |clause: &str| Error::new(format!("duplicate {clause}: leave one out"));
        match rest.word() {
            "" if rest.0.trim().is_empty() => return Ok(()),
            "over" if threshold.window.is_some() => return Err(twice("over")),
            "over" => threshold.window = Some(span(rest, "over")?),
            "delay" if threshold.delay.is_some() => return Err(twice("delay")),
            "delay" => threshold.delay = Some(span(rest, "delay")?),
            "abort" if threshold.abort => return Err(twice("abort")),
            "abort" => threshold.abort = true,
            _ => {
                return Err(Error::new(format!(
                    "unexpected {next}: after the limit, expected over 30s, abort or delay 10s"
                )));
            }
        }
    }
}

fn span(rest: &mut Rest<'_>, clause: &str) -> Result<Span, Error> {
    let text = rest.word();
    let span: Span = text
        .parse()
        .map_err(|error| Error::new(format!("{clause}: {error}")))?;
    if span.is_zero() || !span.ns().is_multiple_of(1_000_000_000) {
        return Err(Error::new(format!(
            "invalid {clause} {text}: expected whole seconds, 1s or more"
        )));
    }
    Ok(span)
}
