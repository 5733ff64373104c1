//! Where a job comes from, as far as its client can tell: its command line, the binary's build id, the commit beside it.

use std::fs;
use std::path::{Path, PathBuf};

use heavy_results::job::{JobSpec, Provenance};
use object::Object as _;
use url::Url;

/// Flags whose values may be secret. Of `KEY=VALUE` and `NAME:VALUE` the name stays.
const SECRET: [&str; 7] = [
    "--env",
    "--param",
    "--header",
    "--body",
    "--data",
    "--auth",
    "--database",
];

/// The same by their letters, which a value may follow at once.
const SECRET_LETTERS: [char; 3] = ['e', 'H', 'u'];

/// Letters without a value, which others may follow: `-kLuann:password`.
const SWITCHES: [char; 3] = ['k', 'L', 'h'];

/// Arguments that are kept, and the length of each.
const MOST_ARGUMENTS: usize = 200;
const MOST_BYTES: usize = 1000;

/// The most parent directories of the binary searched for a Git directory.
const MOST_PARENTS: usize = 32;

/// What is known of this call and this binary; the commit is looked for above `source`.
pub(super) fn of(binary: &Path, source: &Path) -> Provenance {
    Provenance {
        build_id: build_id(binary).unwrap_or_default(),
        git_commit: git_commit(source).unwrap_or_default(),
        ..of_call()
    }
}

pub(super) fn of_call() -> Provenance {
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    Provenance {
        arguments: without_secrets(arguments),
        client_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Provenance::default()
    }
}

/// The arguments, with what may be secret blanked; the program's path is cut to its name.
fn without_secrets(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut safe = Vec::new();
    let mut secret = false;
    for (place, argument) in arguments.take(MOST_ARGUMENTS).enumerate() {
        let shown = if place == 0 {
            let name = Path::new(&argument).file_name();
            name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        } else if secret {
            blanked(&argument)
        } else {
            one(&argument)
        };
        secret = !secret && (SECRET.contains(&argument.as_str()) || secret_letter(&argument) == Some(""));
        safe.push(shown.chars().take(MOST_BYTES).collect());
    }
    safe
}

/// An argument that is not the value of a secret flag.
fn one(argument: &str) -> String {
    if let Some((flag, value)) = argument.split_once('=')
        && SECRET.contains(&flag)
    {
        return format!("{flag}={}", blanked(value));
    }
    if let Some(value) = secret_letter(argument).filter(|value| !value.is_empty()) {
        let letters = &argument[..argument.len() - value.len()];
        return format!("{letters}{}", blanked(value.trim_start_matches('=')));
    }
    match argument.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => format!("{flag}={}", plain_url(value)),
        _ => plain_url(argument),
    }
}

/// What follows a secret letter in an argument: its value, or nothing if that is the next argument.
fn secret_letter(argument: &str) -> Option<&str> {
    let letters = argument.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
    letters.trim_start_matches(SWITCHES).strip_prefix(SECRET_LETTERS)
}

/// The name of a variable or header, its value blanked; all of anything else.
fn blanked(value: &str) -> String {
    let end = value
        .find(['=', ':'])
        .filter(|_| !value.contains("://") && !value.starts_with(['{', '[', '"']));
    match end {
        Some(end) => format!("{}{}", &value[..=end], JobSpec::BLANK),
        None => JobSpec::BLANK.to_owned(),
    }
}

/// A URL without user, password and query; anything else as it is.
fn plain_url(text: &str) -> String {
    if !text.contains("://") {
        return text.to_owned();
    }
    let Ok(mut url) = Url::parse(text) else {
        return JobSpec::BLANK.to_owned();
    };
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return JobSpec::BLANK.to_owned();
    }
    if url.query().is_some() {
        url.set_query(Some(JobSpec::BLANK));
    }
    url.set_fragment(None);
    url.to_string()
}

/// The build id of an ELF file's note, in hex.
fn build_id(binary: &Path) -> Option<String> {
    let file = fs::File::open(binary).ok()?;
    let cache = object::ReadCache::new(file);
    let id = object::File::parse(&cache).ok()?.build_id().ok()??.to_vec();
    Some(hex::encode(id))
}

/// The commit that is checked out where a file lies.
fn git_commit(file: &Path) -> Option<String> {
    let file = file.canonicalize().ok()?;
    let git = file
        .ancestors()
        .skip(1)
        .take(MOST_PARENTS)
        .find_map(git_directory)?;
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(reference) = head.trim().strip_prefix("ref: ") else {
        return commit(&head);
    };
    // A worktree has a HEAD of its own and shares its branches with the repository.
    let shared = fs::read_to_string(git.join("commondir"))
        .map_or_else(|_| git.clone(), |directory| git.join(directory.trim()));
    let loose = fs::read_to_string(shared.join(reference)).ok();
    loose.and_then(|text| commit(&text)).or_else(|| {
        let packed = fs::read_to_string(shared.join("packed-refs")).ok()?;
        let line = packed
            .lines()
            .find(|line| line.ends_with(&format!(" {reference}")))?;
        commit(line.split(' ').next()?)
    })
}

/// The Git directory of a directory, if that is the top of a repository or a worktree.
fn git_directory(directory: &Path) -> Option<PathBuf> {
    let git = directory.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    Some(directory.join(text.trim().strip_prefix("gitdir: ")?))
}

fn commit(text: &str) -> Option<String> {
    let text = text.trim();
    let is_hash = (text.len() == 40 || text.len() == 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_in_the_arguments() {
        for (argument, expected) in [
            ("run", "run"),
            ("--rate=5", "--rate=5"),
            ("http://me:pass@x:81/a?key=1#f", "http://x:81/a?***"),
            ("--scheduler=http://me:pass@x/", "--scheduler=http://x/"),
            ("--env=TOKEN=abc", "--env=TOKEN=***"),
            ("-eTOKEN=abc", "-eTOKEN=***"),
            ("-uann:secret", "-uann:***"),
            ("-kLHcookie: a=b", "-kLHcookie:***"),
            ("-XPUT", "-XPUT"),
            ("-d5s", "-d5s"),
            ("--data=a", "--data=***"),
            ("--database=postgres://u:p@h/d", "--database=***"),
            ("--body={\"password\":\"x\"}", "--body=***"),
        ] {
            assert_eq!(one(argument), expected);
        }
        let all = [
            "/usr/bin/heavy",
            "run",
            "-e",
            "A=b",
            "--header",
            "authorization: x",
            "--rate",
            "5",
            "-ku",
            "ann:secret",
        ];
        assert_eq!(
            without_secrets(all.map(str::to_owned).into_iter()),
            [
                "heavy",
                "run",
                "-e",
                "A=***",
                "--header",
                "authorization:***",
                "--rate",
                "5",
                "-ku",
                "ann:***"
            ]
        );
    }

    #[test]
    fn the_commit_is_that_of_the_repository_around() {
        let directory = tempfile::tempdir().unwrap();
        let hash = "0123456789abcdef0123456789abcdef01234567";
        let (git, deep) = (
            directory.path().join(".git"),
            directory.path().join("target/release"),
        );
        fs::create_dir_all(git.join("refs/heads")).unwrap();
        fs::create_dir_all(&deep).unwrap();
        let binary = deep.join("test");
        fs::write(&binary, "").unwrap();
        fs::write(git.join("HEAD"), format!("{hash}\n")).unwrap();
        assert_eq!(git_commit(&binary).as_deref(), Some(hash));
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        assert_eq!(git_commit(&binary), None);
        fs::write(
            git.join("packed-refs"),
            format!("# pack-refs\n{hash} refs/heads/main\n"),
        )
        .unwrap();
        assert_eq!(git_commit(&binary).as_deref(), Some(hash));
        let newer = hash.replace('0', "f");
        fs::write(git.join("refs/heads/main"), format!("{newer}\n")).unwrap();
        assert_eq!(git_commit(&binary), Some(newer));
        assert_eq!(build_id(&binary), None);
    }
}
