//! Names of services and workflows, and what they become in Rust. Pure.

/// Words that a package or a module cannot be called.
const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn else enum extern false final fn \
     for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try \
     type typeof union unsafe unsized use virtual where while yield ";

/// Names that cargo or the workspace has taken.
const TAKEN: &str = " alloc build common core deps examples heavy heavy-sdk incremental proc-macro serde serde_json std test tokio ";

const LONGEST: usize = 64;

/// Checks the name of a service, which becomes that of a package and of a program.
pub(super) fn check_package(name: &str) -> Result<(), String> {
    let wrong = |problem: &str| {
        Err(format!(
            "invalid service name `{}`: {problem}",
            name.escape_debug()
        ))
    };
    if !is_plain(name, |c| c == '-' || c == '_') {
        return wrong(
            "expected lower-case letters, digits, - and _, starting with a letter, such as shop or user-accounts, \
             64 characters at most",
        );
    }
    if KEYWORDS.contains(&format!(" {name} ")) {
        return wrong("it is a Rust keyword");
    }
    if TAKEN.contains(&format!(" {name} ")) {
        return wrong("it is reserved for cargo or the workspace");
    }
    Ok(())
}

fn is_plain(name: &str, other: impl Fn(char) -> bool) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || other(c))
}

/// A workflow, as it is called and as Rust calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Its name for `--workflow NAME`.
    pub(super) text: String,
    pub(super) module: String,
    pub(super) runner: String,
}

impl Name {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| {
            Err(format!(
                "invalid workflow name `{}`: {problem}",
                text.escape_debug()
            ))
        };
        if !is_plain(text, |c| c == '-' || c == '_') {
            return wrong(
                "expected lower-case letters, digits, - and _, starting with a letter, such as buy or log-in",
            );
        }
        let module = text.replace('-', "_");
        if KEYWORDS.contains(&format!(" {module} ")) {
            return wrong("it is a Rust keyword");
        }
        let words = module.split('_').filter_map(|word| {
            let mut letters = word.chars();
            let first = letters.next()?.to_ascii_uppercase();
            Some(format!("{first}{}", letters.as_str()))
        });
        let runner: String = words.collect();
        if matches!(
            &*runner,
            "Runner" | "Context" | "Result" | "Error" | "Server" | "Step" | "ExitCode" | "Self"
        ) {
            return wrong("the SDK has a type of this name");
        }
        Ok(Self {
            text: text.to_owned(),
            module,
            runner,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_takes_are_taken() {
        for name in ["shop", "user-accounts", "a_1"] {
            assert_eq!(check_package(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "Shop",
            "1a",
            "-a",
            "a b",
            "a/b",
            "../x",
            "fn",
            "test",
            "common",
            "heavy-sdk",
            "ä",
            "a\"b",
        ] {
            assert!(check_package(name).is_err(), "{name}");
        }
        assert!(check_package(&"a".repeat(65)).is_err());
    }

    #[test]
    fn workflows_become_modules_and_types() {
        let name = Name::parse("log-in_now2").unwrap();
        assert_eq!((&*name.module, &*name.runner), ("log_in_now2", "LogInNow2"));
        for text in ["", "Buy", "match", "context", "a.b", "self"] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }
}
