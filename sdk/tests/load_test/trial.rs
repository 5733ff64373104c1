//! The command `try`: one iteration, with everything that it does shown.

use std::process::{Command, Output};

use heavy_testkit::{Run, ScriptedAnswer, ScriptedServer};

use crate::child::behaviours;
use crate::target;

fn tried_with(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(behaviours());
    for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    let command = command.arg("try").args(args).envs(env.iter().copied());
    command.output().unwrap()
}

fn tried(args: &[&str]) -> Output {
    tried_with(args, &[])
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Where a call stands in the source of the load test.
fn at(call: &str) -> String {
    let source = include_str!("../../examples/behaviours.rs");
    let mut lines = (1..).zip(source.lines());
    let line = lines.find_map(|(number, line)| line.contains(call).then_some(number));
    format!("sdk/examples/behaviours.rs:{}", line.unwrap())
}

/// Checks that these texts follow each other.
fn assert_in_order(shown: &str, parts: &[&str]) {
    let mut rest = shown;
    for part in parts {
        let place = rest.find(part);
        let place = place.unwrap_or_else(|| panic!("no {part:?} in what follows:\n{rest}\nof\n{shown}"));
        rest = &rest[place + part.len()..];
    }
}

#[test]
fn every_exchange_step_check_and_metric_is_shown_in_order() {
    let (_target, url) = target::start();
    let output = tried(&["shopper", "--param", &format!("url={url}")]);
    let stdout = text(&output.stdout);
    assert_in_order(
        stdout,
        &[
            "shopper: iteration 0, user 0-1\n",
            &format!("  step login  {}", at(".step(\"login\")")),
            &format!("    \u{2192} 1 POST {url}/login  {}", at(".post(url)")),
            "        content-type: application/json\n",
            "        | {\"user\":\"0-1\"}\n",
            "    \u{2190} 1 200 OK, ",
            "wait ",
            "; new connection to 127.0.0.1:",
            "        | {\"token\":\"token-0-1\"}\n",
            &format!("    \u{2713} has a token  {}", at("\"has a token\"")),
            "  step login ok, ",
            "        authorization: Bearer \u{2026}\n",
            "404 Not Found, ",
            "name absent product, expected\n",
            "    \u{2717} check failed: found  ",
            "    trend price = 1.5  ",
            "  step order failed, ",
            &format!("    \u{2717} no money  {}", at("no money")),
            "302 Found, ",
            "no response, ",
            "failed (refused: connecting to 127.0.0.1:1: ",
            "  iteration 0 ok, ",
            ", 3 of 4 checks passed\n",
        ],
    );
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    assert!(!stdout.contains('\u{1b}'), "{stdout}");
    let secrets = tried(&["shopper", "--show-secrets", "--param", &format!("url={url}")]);
    assert!(
        text(&secrets.stdout).contains("authorization: Bearer token-0-1\n"),
        "{secrets:?}"
    );
}

#[test]
fn other_protocols_are_shown_too() {
    let output = tried(&["sampler"]);
    assert_in_order(
        text(&output.stdout),
        &[
            "  \u{2194} WebSocket echo, status 1000, ",
            "5 bytes, tags {\"status_text\":\"normal\"",
            &at(".sample(\"WebSocket\""),
            "      SEND ws://h/echo\n      connect ",
            "    \u{2194} grpc broken, status 0, ",
            "failed (reset: the peer is gone)",
            "  counter revenue = 17 {\"currency\":\"EUR\",\"vat\":\"19\"}",
        ],
    );
}

#[test]
fn what_is_printed_is_shown_where_it_was_printed() {
    let output = tried(&["noisy"]);
    let expected = "noisy: iteration 0, user 0-1\n  println {\"type\":\"iteration\", half a lineiteration Some(0) says \
                    hello\n  iteration 0 ok, ";
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with(expected), "{stdout}");
    assert!(stdout.ends_with("  println last words\n"), "{stdout}");
    assert_eq!(text(&output.stderr), "cleaning up\n");
}

#[test]
fn what_prints_without_end_holds_nothing_up() {
    let finished = Run::new(behaviours()).args(["try", "chatter"]).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_in_order(
        &finished.stdout,
        &["println line 9999 of very many\n", "chatter: iteration 0", "ok, "],
    );
}

#[test]
fn what_fails_says_where_and_decides_the_exit_code() {
    let panic = "iteration failed: panicked at ";
    let fire = at("is on fire");
    let last = format!(
        "8 is not 7\n    the last call was at {}",
        at(".param(\"number\")")
    );
    for (args, code, parts) in [
        (
            &["panics", "--iteration", "1"][..],
            99,
            &[panic, &fire, "is on fire\n"][..],
        ),
        (
            &["fails", "--param", "number=8"],
            99,
            &["iteration failed: ", &last],
        ),
        (
            &["sampler", "--timeout", "100ms", "--param", "ms=60000"],
            99,
            &[
                "grpc slow, ",
                "failed (timeout: ",
                "longer than its timeout of 100ms",
            ],
        ),
        (
            &["never-ready"],
            1,
            &["never-ready: init\n", "init failed: the licence has expired\n"],
        ),
        (
            &["panics", "fails", "--param", "number=7"],
            0,
            &["panics: iteration 0", "fails: iteration 0"],
        ),
        (
            &["panics", "fails"],
            99,
            &["panics: iteration 0", "ok, ", "fails: iteration 0", "failed, "],
        ),
    ] {
        let output = tried(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        assert_in_order(text(&output.stdout), parts);
        assert_eq!(text(&output.stderr), "", "{args:?}");
    }
    let output = tried(&["slow"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    let problem = "error: cannot divide the params of \"slow\": the param `total`\n";
    assert_eq!(text(&output.stderr), problem);
    for (args, part) in [
        (
            &["nonsense"][..],
            "unknown workflow `nonsense`; this load test has: noisy",
        ),
        (&["noisy", "--rate", "5"], "unexpected argument '--rate'"),
        (&["noisy", "--setup-on-stdin"], "the setup on stdin is not valid"),
    ] {
        let output = tried(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(text(&output.stderr).contains(part), "{args:?}: {output:?}");
    }
}

#[test]
fn pauses_are_shown_as_they_begin() {
    let output = tried(&["thinker", "--param", "ms=20"]);
    let think = format!("    think 20.0ms  {}", at("step.think(pause)"));
    assert_in_order(
        text(&output.stdout),
        &[
            "thinker: init_user",
            "  think 1.00ms",
            "thinker: iteration 0",
            &think,
            "  think ",
            "step read ok",
        ],
    );
}

#[test]
fn a_user_has_its_number_and_its_own_functions() {
    let (_target, url) = target::start();
    let output = tried(&["stateful", "--user", "7", "--param", &format!("url={url}")]);
    assert_in_order(
        text(&output.stdout),
        &[
            "stateful: iteration 0, user 7\n",
            "trend visits = 1",
            "stateful: cleanup_user, user 7\n",
            "counter visits of a user that left = 1",
        ],
    );
}

#[test]
fn colours_are_for_terminals_and_those_who_want_them() {
    for (args, env, wanted) in [
        (&["noisy"][..], &[][..], false),
        (&["noisy", "--color", "always"], &[("NO_COLOR", "1")], true),
        (&["noisy"], &[("FORCE_COLOR", "1")], true),
        (&["noisy"], &[("CLICOLOR_FORCE", "1")], true),
        (&["noisy"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&["noisy", "--color", "never"], &[("FORCE_COLOR", "1")], false),
    ] {
        let output = tried_with(args, env);
        assert_eq!(output.stdout.contains(&0x1b), wanted, "{args:?} {env:?}");
    }
}

/// Tries a workflow whose one request is answered with this body.
fn answered(kind: &str, body: &[u8]) -> Output {
    let answer = ScriptedAnswer::new(200)
        .header("content-type", kind)
        .header("set-cookie", "sid=hunter2; Path=/")
        .body(body);
    let server = ScriptedServer::start(move |_| answer.clone());
    tried(&["stateful", "--param", &format!("url={}", server.url("/"))])
}

#[test]
fn hostile_answers_do_not_reach_the_terminal_and_long_ones_are_cut() {
    let body = format!(
        "\u{1b}]0;owned\u{7}\n{}\n{}",
        "x".repeat(5_000),
        "line\n".repeat(5_000)
    );
    let output = answered("text/html", body.as_bytes());
    let stdout = text(&output.stdout);
    assert_in_order(
        stdout,
        &[
            "set-cookie: sid=\u{2026}; Path=/\n",
            "| \\u{1b}]0;owned\\u{7}\n",
            "xxx\u{2026} (4,800 more characters)\n",
            "| \u{2026} (4,992 more lines, 30,012 bytes in all)\n",
        ],
    );
    assert!(!stdout.contains('\u{1b}') && stdout.len() < 4_000, "{stdout}");

    let image = b"\x89PNG\0\0\0\x1b[2J";
    let output = answered("image/png", image);
    assert!(
        text(&output.stdout).contains("| (image/png, 11 bytes)\n"),
        "{output:?}"
    );
}
