//! Database URLs: which database one means, and how it is shown without its password.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::servers::servers;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Postgres(String),
    Sqlite(PathBuf),
    /// A plain path: a SQLite file if it is there. It is not made, as it may be a URL that was mistyped.
    Path(PathBuf),
}

impl Address {
    /// The SQLite file that a plain path means, if there is one.
    pub(crate) fn existing(self, url: &str) -> Result<Self, Error> {
        match self {
            Self::Path(path) if path.exists() => Ok(Self::Sqlite(path)),
            Self::Path(_) => Err(wrong(url)),
            found => Ok(found),
        }
    }
}

pub(crate) fn parse(url: &str) -> Result<Address, Error> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return match servers(url) {
            Some(_) => Ok(Address::Postgres(url.to_owned())),
            None => Err(wrong(url)),
        };
    }
    let (path, is_url) = match url.split_once("://") {
        Some(("sqlite", path)) => (path, true),
        Some(_) => return Err(wrong(url)),
        None => url
            .strip_prefix("sqlite:")
            .map_or((url, false), |path| (path, true)),
    };
    if path.is_empty() || path.contains(['?', '\0']) || path == ":memory:" {
        return Err(wrong(url));
    }
    let path = PathBuf::from(path);
    Ok(if is_url {
        Address::Sqlite(path)
    } else {
        Address::Path(path)
    })
}

fn wrong(url: &str) -> Error {
    Error::Url { url: shown(url) }
}

/// The database that a URL names, as text that holds no password. URLs of different databases give different names.
///
/// # Errors
/// When the URL is wrong.
pub fn database_name(url: &str) -> Result<String, Error> {
    Ok(match parse(url)? {
        Address::Postgres(url) => shown(&url) + &place_options(&url),
        Address::Sqlite(path) | Address::Path(path) => {
            format!("sqlite://{}", whole(&path).display())
        }
    })
}

/// The options of a Postgres URL that say which database it is, as a query; empty without any.
fn place_options(url: &str) -> String {
    let says_where = |key: &str| {
        ["host", "hostaddr", "port", "dbname", "user", "options"].contains(&key)
            || key.starts_with("options[")
    };
    let urls = servers(url).map_or_else(Vec::new, |servers| servers.urls);
    let mut options = Vec::new();
    for url in urls.iter().filter_map(|url| url::Url::parse(url).ok()) {
        let pairs = url.query_pairs().filter(|(key, _)| says_where(key));
        options.extend(pairs.map(|(key, value)| format!("{key}={value}")));
    }
    options.sort_unstable();
    options.dedup();
    if options.is_empty() {
        String::new()
    } else {
        format!("?{}", options.join("&"))
    }
}

/// The path of a file, the same before and after it is made.
fn whole(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.canonicalize().unwrap_or_else(|_| {
        let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
        match (parent, path.file_name()) {
            (Some(parent), Some(name)) => parent.join(name),
            _ => path,
        }
    })
}

/// The URL without user's password and without options, which may hold one too.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // A password may hold anything, an at sign and a slash too, when it was not escaped.
    let Some((user, place)) = rest.rsplit_once('@') else {
        return format!("{scheme}://{rest}");
    };
    let user = user.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_paths_are_told_apart() {
        for (url, path) in [
            ("sqlite:///var/lib/heavy.db", "/var/lib/heavy.db"),
            ("sqlite://heavy.db", "heavy.db"),
            ("sqlite:heavy.db", "heavy.db"),
        ] {
            assert_eq!(parse(url).unwrap(), Address::Sqlite(path.into()), "{url}");
        }
        for path in ["./results/heavy.db", "foo", "postgres"] {
            assert_eq!(parse(path).unwrap(), Address::Path(path.into()), "{path}");
        }
        let url = "postgres://me:secret@db/heavy";
        assert_eq!(parse(url).unwrap(), Address::Postgres(url.to_owned()));
        for url in [
            "mysql://db/heavy",
            "",
            "sqlite://",
            "sqlite::memory:",
            "sqlite://a.db?mode=ro",
            "postgres://:port",
        ] {
            assert!(matches!(parse(url), Err(Error::Url { .. })), "{url}");
        }
    }

    #[test]
    fn urls_of_one_database_give_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().canonicalize().unwrap().join("heavy.db");
        let name = format!("sqlite://{}", file.display());
        assert_eq!(database_name(&name).unwrap(), name, "before it is made");
        std::fs::write(&file, "").unwrap();
        let indirect = format!("{}/../{}/heavy.db", folder.path().display(), {
            folder.path().file_name().unwrap().to_str().unwrap()
        });
        for url in [&name, &format!("sqlite:{indirect}"), &indirect] {
            assert_eq!(database_name(url).unwrap(), name, "{url}");
        }
        let url = "postgres://me:secret@db/heavy?sslmode=require&password=secret";
        assert_eq!(database_name(url).unwrap(), "postgres://me@db/heavy");
        let (one, other) = (
            "postgres:///?dbname=a&host=/run/pg",
            "postgres:///?host=/run/pg&dbname=b",
        );
        assert_eq!(
            database_name(one).unwrap(),
            "postgres:///?dbname=a&host=/run/pg",
            "else results of one would be looked for in the other"
        );
        assert_ne!(database_name(one).unwrap(), database_name(other).unwrap());
        assert!(database_name("mysql://db").is_err());
    }

    #[test]
    fn a_plain_path_means_a_file_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heavy.db");
        let url = file.to_str().unwrap();
        let there = || parse(url).unwrap().existing(url);
        let error = there().unwrap_err().to_string();
        assert!(
            error.contains("or the path of an existing SQLite file"),
            "{error}"
        );
        std::fs::write(&file, "").unwrap();
        assert_eq!(there().unwrap(), Address::Sqlite(file.clone()));
    }

    #[test]
    fn no_password_is_shown() {
        for (url, expected) in [
            (
                "postgres://me:secret@db:5432/heavy",
                "postgres://me@db:5432/heavy",
            ),
            ("postgres://me:se@cr/et@db/heavy", "postgres://me@db/heavy"),
            ("postgres://db/heavy?password=secret", "postgres://db/heavy"),
            ("postgres://me@db/heavy", "postgres://me@db/heavy"),
            ("mysql://me:secret@db/heavy", "mysql://me@db/heavy"),
            ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
