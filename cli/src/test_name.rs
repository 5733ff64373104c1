//! Resolves the TEST of `heavy run TEST`: a URL, a compiled load test, or a service.

use std::path::{Path, PathBuf};

use crate::exit::CommandFailure;
use crate::services::{Home, Service};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Url(String),
    Binary(PathBuf),
    /// A service, or one workflow of it.
    Service(Service, Option<String>),
}

impl Test {
    /// Resolves a name. One that is both a service and a file is refused.
    pub(crate) fn resolve(text: &str, home: Option<&Home>) -> Result<Self, CommandFailure> {
        if text.contains("://") {
            return Ok(Self::Url(text.to_owned()));
        }
        let path = Path::new(text);
        if path.is_dir()
            && let Some(service) = Service::in_directory(path)
        {
            return Ok(Self::Service(service, None));
        }
        let is_path = text.starts_with(['.', '/']);
        let (name, workflow) = match text.split_once('/') {
            Some((name, workflow)) => (name, Some(workflow.to_owned())),
            None => (text, None),
        };
        let service = home
            .filter(|home| !is_path && home.has(name))
            .map(|home| home.service(name));
        match service {
            Some(service) if path.is_file() => Err(CommandFailure::usage(format!(
                "`{text}` is both a file and {} of {}: write ./{text} for the file, or {} for the service",
                workflow.map_or_else(|| "the service".to_owned(), |name| format!("a workflow ({name})")),
                service.directory.display(),
                service.directory.display(),
            ))),
            Some(_) if workflow.as_deref() == Some("") => Err(CommandFailure::usage(format!(
                "missing workflow in `{text}`: expected {name} for all workflows, or {name}/WORKFLOW"
            ))),
            Some(service) => Ok(Self::Service(service, workflow)),
            None if path.exists() => Ok(Self::Binary(path.to_owned())),
            None => Err(CommandFailure::usage(unknown(text, name, home)?)),
        }
    }
}

/// Explains a name that is neither a URL, nor a file, nor a service.
fn unknown(text: &str, name: &str, home: Option<&Home>) -> Result<String, CommandFailure> {
    if text.trim().is_empty() {
        return Ok(format!("missing load test: {}", expected(text, home)?));
    }
    let is_in_directory = Path::new(text).parent().is_some_and(Path::is_dir);
    if name != text && is_address(name) && !is_in_directory {
        return Ok(format!(
            "unknown load test `{text}`: for a URL, write http://{text}"
        ));
    }
    if text.starts_with(['.', '/']) || (name != text && (home.is_none() || is_in_directory)) {
        return Ok(format!("file not found: {text}; {}", expected(text, home)?));
    }
    Ok(format!("unknown load test `{text}`: {}", expected(text, home)?))
}

/// What a test can be.
fn expected(text: &str, home: Option<&Home>) -> Result<String, CommandFailure> {
    let services = match home {
        Some(home) => home.instead_of(text.split('/').next().unwrap_or_default())?,
        None => "no services directory here or in a parent directory".to_owned(),
    };
    let url = if text.trim().is_empty() || text.starts_with(['.', '/']) {
        "http://HOST/".to_owned()
    } else {
        format!("http://{text}")
    };
    Ok(format!(
        "expected a URL ({url}), the path of a compiled load test (such as target/release/NAME, built with `cargo build \
         --release`) or a service, SERVICE[/WORKFLOW]; {services}"
    ))
}

/// Whether the text before the first slash looks like a host: with a port, local, or an IPv4 address.
fn is_address(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let has_port = port.is_some_and(|port| port.parse::<u16>().is_ok());
    !name.is_empty() && (has_port || name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_a_url_or_a_file_where_there_are_no_services() {
        let of = |text| Test::resolve(text, None);
        assert_eq!(of("http://x/").unwrap(), Test::Url("http://x/".to_owned()));
        assert_eq!(of("src/main.rs").unwrap(), Test::Binary("src/main.rs".into()));
        for text in ["a/b", "./a", "/no/such/file", "src/none"] {
            let problem = of(text).unwrap_err().to_string();
            assert!(
                problem.starts_with(&format!("file not found: {text}; ")),
                "{problem}"
            );
        }
        for text in ["", " "] {
            let problem = of(text).unwrap_err().to_string();
            assert!(
                problem.starts_with("missing load test: expected a URL (http://HOST/)"),
                "{problem}"
            );
        }
        assert_eq!(of("Cargo.toml").unwrap(), Test::Binary("Cargo.toml".into()));
        let problem = of("localhost:8080").unwrap_err().to_string();
        assert!(problem.contains("http://localhost:8080"), "{problem}");
        for text in [
            "localhost:18080/x",
            "127.0.0.1/a/b",
            "shop.example:80/",
            "[::1]:80/x",
        ] {
            let problem = of(text).unwrap_err().to_string();
            assert!(problem.contains(&format!("http://{text}")), "{problem}");
        }
    }

    #[test]
    fn a_service_is_meant_by_name_by_folder_or_with_a_workflow() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/services");
        let home = Home::find(Some(&examples)).unwrap();
        let of = |text: &str| Test::resolve(text, home.as_ref());
        let meant = |text: &str| match of(text).unwrap() {
            Test::Service(service, workflow) => (service.name, workflow),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(meant("shop"), ("shop".to_owned(), None));
        assert_eq!(meant("shop/buy"), ("shop".to_owned(), Some("buy".to_owned())));
        assert_eq!(meant(examples.join("shop").to_str().unwrap()).0, "shop");
        assert!(
            of("./shop")
                .unwrap_err()
                .to_string()
                .starts_with("file not found: ./shop; ")
        );
        for (text, part) in [
            ("shp", "did you mean `shop`?"),
            ("shp/buy", "did you mean `shop`?"),
            ("nothing", ": accounts, shop"),
            ("shop/", "missing workflow"),
        ] {
            let problem = of(text).unwrap_err().to_string();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
