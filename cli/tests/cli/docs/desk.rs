//! A place to type what the pages say, and what they say to type.

use std::net::TcpListener;
use std::path::PathBuf;

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{Run, TempDir, binary};

pub(crate) fn read(path: &str) -> String {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The blocks of a Markdown text in this language.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    text.split(&open)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// The commands of a page that begin with `heavy` and end by themselves on SQLite, in their order.
pub(super) fn commands(page: &str) -> Vec<String> {
    let lines = blocks(&read(page), "sh").concat();
    let by_itself = |line: &&str| {
        [
            "heavy demo",
            "heavy run",
            "heavy report",
            "heavy sql",
            "heavy check",
            "heavy export",
            "heavy completions",
            "heavy man",
            "echo 'SELECT",
        ]
        .iter()
        .any(|start| line.starts_with(start))
            && !line.contains("postgres://")
            && !line.contains("target/release/mytest")
            // Of a services directory, which the page has made before.
            && !line.contains("--profile")
    };
    lines.lines().filter(by_itself).map(str::to_owned).collect()
}

pub(super) fn is_duration(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(['s', 'm'])
        && !text.contains('/')
        && text != "0s"
}

/// A value of a flag or of a job file with little load for a short time in it, in the place of what a page asks for.
pub(super) fn smaller(value: &str) -> String {
    let part = |part: &str| match part.split_once(':') {
        Some((duration, amount)) if is_duration(duration) => {
            let amount = if amount == "0" { "0" } else { "20" };
            format!("500ms:{amount}")
        }
        _ if is_duration(part) => "500ms".to_owned(),
        _ => part.to_owned(),
    };
    value.split(',').map(part).collect::<Vec<_>>().join(",")
}

/// A command with a load that makes the test end soon.
pub(super) fn short(command: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in command.split(' ') {
        let short = match words.last().map(String::as_str) {
            Some("--rate") => "20".to_owned(),
            Some("--iterations") => "40".to_owned(),
            Some("--iterations-per-user") => "2".to_owned(),
            Some("--duration") => "1s".to_owned(),
            Some("--stages" | "--users" | "--warm-up" | "--pacing") => smaller(word),
            _ => word.to_owned(),
        };
        words.push(short);
    }
    let command = words.join(" ");
    let loads = ["--rate", "--stages", "--users", "--iterations", "--file"];
    let is_load = command.starts_with("heavy demo") || command.starts_with("heavy run");
    if is_load && !loads.iter().any(|flag| command.contains(flag)) {
        return format!("{command} --rate 20 --duration 1s");
    }
    command
}

/// A place to type the commands of a page, with what the pages take for granted: the programs are in the PATH, and a target
/// answers.
pub(super) struct Desk {
    pub(super) target: Handle,
    pub(super) data: TempDir,
    pub(super) folder: TempDir,
}

impl Desk {
    pub(super) fn new() -> Self {
        let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
        Self {
            target,
            data: TempDir::new("typed"),
            folder: TempDir::new("typed-here"),
        }
    }

    /// The text with the places of this desk in it.
    pub(super) fn here(&self, text: &str) -> String {
        text.replace("127.0.0.1:8080", &self.target.addr().to_string())
            .replace("target/release/http_get", binary("http_get").to_str().unwrap())
            .replace("target/release/shop", binary("shop").to_str().unwrap())
    }

    pub(super) fn run(&self, command: &str) -> Run {
        let programs = binary("heavy").parent().unwrap().to_owned();
        Run::new("sh")
            .args(["-c", command])
            .current_dir(self.folder.path())
            .env(
                "PATH",
                format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()),
            )
            .env("HEAVY_DATA_DIR", self.data.path())
    }

    /// Types a command that ends by itself, and looks at what came out.
    pub(super) fn type_in(&self, command: &str) {
        let command = self.here(&short(command));
        let typed = self.run(&command).finish();
        assert!([Some(0), Some(98)].contains(&typed.code), "{command}: {typed:?}");
        let elsewhere = [" > ", " --output ", "heavy man "];
        assert!(
            elsewhere.iter().any(|mark| command.contains(mark)) || !typed.stdout.is_empty(),
            "{command}: {typed:?}"
        );
    }
}
