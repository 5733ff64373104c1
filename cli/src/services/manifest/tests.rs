//! What a `heavy.toml` may say, and what is said of wrong ones.

use std::path::Path;

use super::*;
use proptest::prelude::*;

const SHOP: &str = r#"
name = "shop"
owner = "checkout"
labels = { tier = "1" }
required_env = ["API_TOKEN"]
thresholds = ["http_req_duration: p(95)<500"]

[load]
rate = 40
duration = "30s"
workflows = [{ name = "browse", weight = 3 }, "buy"]

[profiles.smoke]
rate = "10/s"
duration = "3s"

[profiles.evening]
thresholds = []
[[profiles.evening.workflows]]
name = "browse"
stages = ["30s:200"]
[[profiles.evening.workflows]]
name = "buy"
users = 20
params = { quantity = 2, at = 1979-05-27 }
"#;

#[test]
fn a_whole_file_is_read() {
    let manifest = Manifest::parse(SHOP).unwrap();
    assert_eq!(manifest.name.as_deref(), Some("shop"));
    assert_eq!(manifest.labels["tier"], "1");
    assert_eq!(manifest.required_env, ["API_TOKEN"]);
    let names: Vec<_> = manifest.profiles.iter().map(|profile| &*profile.name).collect();
    assert_eq!(names, ["smoke", "evening"]);
    let describe = |profile: Option<&str>| {
        let profile = profile.map(|name| manifest.profile(name).unwrap());
        manifest.describe(profile).unwrap()
    };
    assert_eq!(describe(None), "40/s for 30s");
    assert_eq!(describe(Some("smoke")), "10/s for 3s");
    assert_eq!(
        describe(Some("evening")),
        "browse from 0/s to 200/s in 30s; buy 20 users for 30s"
    );
    let shown = |profile| {
        manifest
            .thresholds(profile)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(None), ["http_req_duration: p(95)<500"]);
    assert_eq!(shown(manifest.profiles.get(1)), [""; 0]);
    let smoke = manifest.keys(manifest.profiles.first());
    assert_eq!(smoke["workflows"][0]["weight"], 3);
}

#[test]
fn unknown_profiles_are_answered_with_the_known_ones() {
    let manifest = Manifest::parse(SHOP).unwrap();
    let problem = manifest.profile("smok").unwrap_err();
    assert!(
        problem.contains("did you mean `smoke`?") && problem.contains("smoke, evening"),
        "{problem}"
    );
    let problem = Manifest::parse("").unwrap().profile("smoke").unwrap_err();
    assert!(problem.contains("[profiles.smoke]"), "{problem}");
}

/// A file, the line that is named, and a part of what is said.
const WRONG: &[(&str, usize, &str)] = &[
    ("a = ", 1, ""),
    ("name = shop", 1, ""),
    ("name = \"shop\n", 1, ""),
    ("[load\nrate = 1", 1, ""),
    ("[load]\nrate = 1\nrate = 2", 3, "duplicate key"),
    ("name = 1", 1, "expected a string in quotes"),
    ("name = \"a b\"", 1, "no space"),
    ("ownr = \"x\"", 1, "did you mean `owner`?"),
    ("\nrate = 5", 2, "write it below [load] or [profiles.NAME]"),
    ("labels = [\"a\"]", 1, "expected a table"),
    ("labels = { a = 1 }", 1, "expected a string in quotes"),
    ("required_env = \"TOKEN\"", 1, "a list of strings"),
    ("files = \"a.csv\"", 1, "a list of paths and patterns"),
    (
        "files = [\n\"a.csv\",\n\"../b.csv\"]",
        3,
        "files: `..` in a path leaves the directory",
    ),
    (
        "files = [\"/etc/passwd\"]",
        1,
        "files: absolute paths are not supported",
    ),
    ("files = [\"data/[a.csv\"]", 1, "files: invalid pattern"),
    ("[load]\nrate = 1\nfiles = [\"a\"]", 3, "at the top of the file"),
    ("thresholds = [1]", 1, "expected a string in quotes"),
    (
        "thresholds = [\n\"http_req_duration: p(95)<500\",\n\"http_req_duration: p(95)\"]",
        3,
        "thresholds: ",
    ),
    ("[load.thresholds]\nspeed = \"p(95)<1\"", 1, "thresholds: "),
    ("load = 5", 1, "expected a table"),
    ("[load]\nrat = 5", 2, "unknown key `rat`; did you mean `rate`?"),
    ("[load]\nrate = \"many\"", 2, "invalid rate `many`"),
    ("[load]\nrate = 0", 2, "a rate of 0 starts nothing"),
    ("[load]\nrate = 1\nduration = 30", 3, "duration: "),
    ("[load]\nrate = 1\nbinary_sha256 = \"x\"", 3, "leave this out"),
    ("[load]\nrate = 1\nservice = \"x\"", 3, "at the top of the file"),
    ("[load]\nrate = 1\nusers = 2", 3, "users: conflicts with a rate"),
    ("[load]\nrate = 1\nmax_in_flight = 0", 3, "max_in_flight"),
    (
        "[load]\nrate = 1\n[profiles.soak]\nduration = \"0s\"",
        4,
        "duration: a job of 0s starts nothing",
    ),
    ("[profiles]\nrate = 1", 2, "missing profile name"),
    ("[profiles]\nsmoke = 1", 2, "expected a table"),
    ("[profiles.\"a b\"]\nrate = 1", 1, "expected no space"),
    (
        "[profiles.x]\n[[profiles.x.workflows]]\nname = \"a\"\nspeed = 1",
        4,
        "unknown field `speed`",
    ),
    (
        "[profiles.x]\nduration = \"5s\"\n[[profiles.x.workflows]]\nname = \"a\"\nrate = 1\nusers = 2",
        6,
        "users: workflow `a`: conflicts with a rate",
    ),
    (
        "[profiles.x]\nduration = \"5s\"\nworkflows = [{ name = \"a\", rate = 1, duration = \"0s\" }]",
        3,
        "duration: workflow `a`: a job of 0s",
    ),
    (
        "[profiles.x]\n[[profiles.x.workflows]]\nname = \"a\"\nuser = 1",
        4,
        ": workflows: unknown field `user`; did you mean",
    ),
    (
        "[load]\nduration = 5",
        2,
        "duration: `5` has no unit: write \"5s\"",
    ),
    ("[load]\nduration = true", 2, "expected a string"),
    ("[load]\nallow_drops_percent = inf", 2, "finite"),
    ("[load]\nrate = 99999999999999999999", 2, "too large"),
];

#[test]
fn wrong_files_say_what_is_wrong_and_where() {
    for (text, line, part) in WRONG {
        let fault = Manifest::parse(text).expect_err(text);
        let shown = fault.show(Path::new("heavy.toml"), text);
        assert!(
            shown.starts_with(&format!("heavy.toml:{line}: ")),
            "{text:?}: {shown}"
        );
        assert!(shown.contains(part), "{text:?}: {shown}");
        let shown_line = text.lines().nth(line - 1).unwrap();
        assert!(shown.contains(&format!(" {line} | {shown_line}")), "{shown}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\[(load|profiles\\.a)\\]\n|rate = |users = |\"5\"|5|\n|[a-z=\\[\\]\"{}.]){0,24}") {
        if let Err(fault) = Manifest::parse(&text) {
            prop_assert!(fault.show(Path::new("f"), &text).starts_with('f'));
        }
    }
}
