//! The `/_` paths: read the recorded arrivals, change the behaviour.

use std::fmt::Write;
use std::time::{Duration, Instant};

use http::{Method, Response, StatusCode};
use serde::Deserialize;

use crate::body::Body;
use crate::options::{Behaviour, Placed, Stall};
use crate::shop::{refuse, with_type};
use crate::state::State;

/// One hour; anything longer is a mistake.
const MS_MAX: u64 = 3_600_000;

/// A [`Behaviour`] as sent over HTTP; missing fields are off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Wanted {
    slow_ms: u64,
    fail_share: f64,
    stall_in_ms: u64,
    stall_for_ms: u64,
}

/// Whether a path controls the target itself.
pub(crate) fn is_control(path: &str) -> bool {
    path.starts_with("/_")
}

/// Answers a `/_` path.
pub(crate) fn answer(state: &State, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
    match (method.as_str(), path) {
        ("GET", "/_stats") => {
            let stats =
                serde_json::to_string(&state.counters.stats()).expect("numbers and plain keys are JSON");
            with_type(StatusCode::OK, "application/json", Body::text(stats))
        }
        ("GET", "/_arrivals") => {
            let arrivals = state.counters.arrivals();
            let mut lines = String::with_capacity(arrivals.len() * 16);
            for at_ns in arrivals {
                writeln!(lines, "{at_ns}").expect("a string takes any text");
            }
            with_type(StatusCode::OK, "text/plain", Body::text(lines))
        }
        ("POST", "/_reset") => {
            state.counters.reset();
            with_type(StatusCode::OK, "application/json", Body::text("{}"))
        }
        ("POST", "/_control") => match parse(body) {
            Ok(behaviour) => {
                state.behave(Placed::new(behaviour, Instant::now()));
                with_type(StatusCode::OK, "application/json", Body::text("{}"))
            }
            Err(why) => refuse(StatusCode::BAD_REQUEST, &why.replace('"', "'")),
        },
        (_, "/_stats" | "/_arrivals" | "/_reset" | "/_control") => {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "read by GET, change by POST")
        }
        _ => refuse(
            StatusCode::NOT_FOUND,
            "there are /_stats, /_arrivals, /_reset and /_control",
        ),
    }
}

fn parse(body: &[u8]) -> Result<Behaviour, String> {
    let wanted: Wanted = if body.is_empty() {
        Wanted::default()
    } else {
        serde_json::from_slice(body).map_err(|error| error.to_string())?
    };
    if !(0.0..=1.0).contains(&wanted.fail_share) {
        return Err("fail_share is from 0 to 1".to_owned());
    }
    if wanted.slow_ms.max(wanted.stall_in_ms).max(wanted.stall_for_ms) > MS_MAX {
        return Err("no time is above an hour".to_owned());
    }
    let stall = (wanted.stall_for_ms > 0).then(|| Stall {
        after: Duration::from_millis(wanted.stall_in_ms),
        length: Duration::from_millis(wanted.stall_for_ms),
    });
    Ok(Behaviour {
        slow: Duration::from_millis(wanted.slow_ms),
        fail_share: wanted.fail_share,
        stall,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_behaviour_is_read_and_bad_ones_are_refused() {
        let behaviour =
            parse(br#"{"slow_ms":20,"fail_share":0.5,"stall_in_ms":1,"stall_for_ms":2}"#).unwrap();
        assert_eq!(
            (behaviour.slow, behaviour.fail_share),
            (Duration::from_millis(20), 0.5)
        );
        assert_eq!(behaviour.stall.unwrap().length, Duration::from_millis(2));
        assert_eq!(parse(b"{}").unwrap(), Behaviour::default());
        assert_eq!(parse(b"").unwrap(), Behaviour::default());
        for bad in [
            r#"{"fail_share":2}"#,
            r#"{"slow":1}"#,
            r#"{"slow_ms":-1}"#,
            r#"{"stall_for_ms":3600001}"#,
            "no",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
