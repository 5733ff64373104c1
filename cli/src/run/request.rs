//! The request flags of `heavy run URL`.

use std::collections::BTreeMap;

use url::Url;

use crate::builtin::HttpParams;
use crate::exit::CommandFailure;

/// The request to send to a URL.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Request (for a URL)")]
pub(crate) struct RequestFlags {
    /// HTTP method [default: GET]
    #[arg(long, value_name = "METHOD", env = "HEAVY_METHOD")]
    method: Option<String>,
    /// Request header (can be repeated)
    #[arg(long = "header", value_name = "NAME:VALUE", env = "HEAVY_HEADER", hide_env_values = true, value_parser = header)]
    headers: Vec<(String, String)>,
    /// Request body; `@FILE` reads it from a file
    #[arg(long, value_name = "TEXT", env = "HEAVY_BODY", hide_env_values = true)]
    body: Option<String>,
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected NAME:VALUE".to_owned()),
    }
}

impl RequestFlags {
    pub(crate) const fn is_given(&self) -> bool {
        self.method.is_some() || !self.headers.is_empty() || self.body.is_some()
    }

    pub(crate) fn params(&self, url: &str) -> Result<HttpParams, CommandFailure> {
        let body = match self.body.as_deref().map(|body| (body, body.strip_prefix('@'))) {
            None => String::new(),
            Some((_, Some(file))) => std::fs::read_to_string(file).map_err(|error| {
                CommandFailure::usage(format!("cannot read the body from {file}: {error}"))
            })?,
            Some((body, None)) => body.to_owned(),
        };
        let params = HttpParams {
            url: url.to_owned(),
            method: self.method.clone().unwrap_or_else(|| "GET".to_owned()),
            headers: self.headers.iter().cloned().collect::<BTreeMap<_, _>>(),
            body,
        };
        params.check().map_err(CommandFailure::usage)?;
        Ok(params)
    }
}

/// The URL without user, password and query.
pub(super) fn without_secrets(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| String::new(),
        |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_jobs_hold_no_secrets() {
        assert_eq!(without_secrets("http://me:secret@x:81/a?key=1"), "http://x:81/a");
    }

    #[test]
    fn headers_are_names_and_values() {
        assert_eq!(header("a: b:c"), Ok(("a".to_owned(), "b:c".to_owned())));
        assert!(header("novalue").is_err());
        assert!(header(":x").is_err());
    }
}
