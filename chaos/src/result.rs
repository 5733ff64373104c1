//! The k-th result of a stream: a pure function, so that a stored row can be checked without anything but its id.
//!
//! A stream is what one process of the oracle writes for one job on one agent. Sizes are chosen to lie on both sides of
//! the limits at which heavy cuts or drops a field.

use heavy_plugin::line::{Phases, RequestLine};

use crate::random::{SeededRandom, seed_of};

/// Texts longer than this are cut, and tags longer than this are dropped.
pub const TEXT_LIMIT_BYTES: u64 = 4 << 10;

/// IDs longer than this are cut.
const ID_LIMIT_BYTES: u64 = 128;

/// Names, fewer than heavy tells apart.
const NAMES: u64 = 24;

/// One name is longer than heavy keeps.
const LONG_NAME_BYTES: usize = 600;

const METHODS: [&str; 3] = ["GET", "POST", "REPORT"];
const STEPS: [&str; 3] = ["", "login", "pay \"all\""];

/// What separates the parts of a result's id.
const SEPARATOR: char = '~';

/// The id of the k-th result of a stream: its request ID.
#[must_use]
pub fn result_id(stream: &str, k: u64) -> String {
    format!("{stream}{SEPARATOR}{k}")
}

/// The stream and k of a result's id; `None` for other request IDs.
#[must_use]
pub fn parse_id(request_id: &str) -> Option<(&str, u64)> {
    let (stream, rest) = request_id.split_once(SEPARATOR)?;
    let k = rest.split(SEPARATOR).next()?;
    Some((stream, k.parse().ok()?))
}

/// The k-th result of a stream, without what the harness and the clock add: its start, iteration, user, sequence ID and
/// workflow.
#[must_use]
pub fn result(stream: &str, k: u64) -> RequestLine<'static> {
    let mut random = SeededRandom::new(seed_of(stream), k);
    let name = random.below(NAMES);
    let status = status(&mut random);
    let error = (status == 0).then(|| error_text(&mut random, k));
    RequestLine {
        request_id: request_id(&mut random, stream, k).into(),
        url: url(&mut random, k).into(),
        method: METHODS[place(name, METHODS.len())].into(),
        step: STEPS[place(name / 3, STEPS.len())].into(),
        name: name_of(name).into(),
        status,
        size: size(&mut random),
        duration_ns: 1 + random.below(50_000_000),
        error_kind: if error.is_some() { "refused" } else { "" }.into(),
        error: error.map(Into::into),
        failed: random.one_in(16).then_some(true),
        proto: (*random.pick(&["", "HTTP/1.1", "HTTP/2"])).into(),
        reused: *random.pick(&[None, Some(false), Some(true)]),
        phases: random.one_in(4).then(|| phases(&mut random)),
        tags: tags(&mut random, k).into(),
        ..RequestLine::default()
    }
}

fn place(number: u64, length: usize) -> usize {
    usize::try_from(number).unwrap_or(0) % length
}

fn name_of(name: u64) -> String {
    if name == 0 {
        "long ".repeat(LONG_NAME_BYTES / 5)
    } else {
        format!("name {name} \u{e9}")
    }
}

fn status(random: &mut SeededRandom) -> u16 {
    *random.pick(&[200, 200, 200, 200, 200, 200, 201, 204, 301, 404, 503, 0])
}

fn size(random: &mut SeededRandom) -> u64 {
    if random.one_in(64) {
        random.below(1 << 52)
    } else {
        random.below(1 << 20)
    }
}

fn phases(random: &mut SeededRandom) -> Phases {
    let mut ns = || random.below(5_000_000);
    Phases {
        blocked_ns: ns(),
        dns_ns: ns(),
        connect_ns: ns(),
        tls_ns: ns(),
        send_ns: ns(),
        wait_ns: ns(),
        receive_ns: ns(),
    }
}

/// Mostly short; of 128, one is near the limit.
fn request_id(random: &mut SeededRandom, stream: &str, k: u64) -> String {
    let id = result_id(stream, k);
    if !random.one_in(128) {
        return id;
    }
    padded(format!("{id}{SEPARATOR}"), near(random, ID_LIMIT_BYTES), 'i')
}

/// Mostly short; of 256, one is near the limit of texts and one near that of remembered default names.
fn url(random: &mut SeededRandom, k: u64) -> String {
    let mut url = format!("http://127.0.0.1/r/{k}/");
    let bytes = match random.below(256) {
        0 => near(random, TEXT_LIMIT_BYTES),
        1 => near(random, 1 << 10),
        _ => random.below(100),
    };
    url = padded(url, bytes, 'u');
    if random.one_in(8) {
        url.push_str(&format!("?token=secret{k}&bare&page={}", random.below(100)));
    }
    url
}

fn error_text(random: &mut SeededRandom, k: u64) -> String {
    let text = format!("refused \"{k}\" by \u{e9}\\\t\n\u{1b}[31m ");
    let bytes = if random.one_in(32) {
        near(random, TEXT_LIMIT_BYTES)
    } else {
        random.below(40)
    };
    padded(text, bytes, 'e')
}

/// As a JSON object; empty without any.
fn tags(random: &mut SeededRandom, k: u64) -> String {
    let bytes = match random.below(256) {
        0 => near(random, TEXT_LIMIT_BYTES),
        1..=63 => random.below(60),
        _ => return String::new(),
    };
    // Braces, quotes and the colon take the rest.
    let start = format!("{{\"k\":\"{k}\",\"pad\":\"");
    let mut tags = padded(start, bytes.saturating_sub(2), 't');
    tags.push_str("\"}");
    tags
}

/// Within 10 of a limit, on either side.
fn near(random: &mut SeededRandom, limit: u64) -> u64 {
    limit - 10 + random.below(21)
}

fn padded(mut text: String, bytes: u64, with: char) -> String {
    let bytes = usize::try_from(bytes).unwrap_or(0);
    while text.len() < bytes {
        text.push(with);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_follows_from_its_id() {
        let line = result("job-1/a1.0", 17);
        assert_eq!(line, result("job-1/a1.0", 17));
        assert_ne!(line, result("job-1/a1.1", 17));
        assert_ne!(line, result("job-1/a1.0", 18));
        assert_eq!(parse_id(&line.request_id), Some(("job-1/a1.0", 17)));
        assert_eq!(parse_id("0123456789abcdef"), None);
    }

    #[test]
    fn sizes_lie_on_both_sides_of_the_limits() {
        let all: Vec<_> = (0..20_000).map(|k| result("s", k)).collect();
        let both = |size: &dyn Fn(&RequestLine<'_>) -> usize, limit: u64| {
            let sides = all.iter().map(|line| size(line) as u64 > limit);
            let over = sides.filter(|over| *over).count();
            assert!(over > 5 && over < all.len() / 50, "{over}");
        };
        both(&|line| line.url.len(), TEXT_LIMIT_BYTES);
        both(&|line| line.tags.len(), TEXT_LIMIT_BYTES);
        both(&|line| line.request_id.len(), ID_LIMIT_BYTES);
        both(
            &|line| line.error.as_deref().map_or(0, str::len),
            TEXT_LIMIT_BYTES,
        );
    }

    #[test]
    fn every_result_is_an_output_line() {
        for k in 0..500 {
            let mut text = Vec::new();
            result("s", k).write(&mut text);
            let line = heavy_sdk::Output::parse(&text).unwrap();
            assert_eq!(*line, result("s", k));
        }
    }
}
