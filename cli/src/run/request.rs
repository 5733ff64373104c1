//! The request flags of `heavy run URL`.

mod content;

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::builder::FalseyValueParser;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::builtin::{HeaderList, HttpParams, KEY_VARIABLE, is_secret, variable};
use crate::exit::CommandFailure;
use content::{body_of, certificates_only, text_of};

const FORM: &str = "application/x-www-form-urlencoded";

/// The request to send to a URL.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Request (for a URL)")]
pub(crate) struct RequestFlags {
    /// HTTP method [default: GET, or POST with --data]
    #[arg(short = 'X', long, value_name = "METHOD", env = "HEAVY_METHOD")]
    method: Option<String>,
    /// Request header; `@FILE` reads one per line from a file, which keeps secrets out of the process list (can be repeated)
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE", env = "HEAVY_HEADER", hide_env_values = true, value_parser = header)]
    headers: Vec<HeaderFlag>,
    /// Request body; `@FILE` reads it from a file, `@-` from stdin
    #[arg(long, value_name = "TEXT", env = "HEAVY_BODY", hide_env_values = true)]
    body: Option<String>,
    /// Request body as --body, sent with POST as a form unless -X and a content-type header say otherwise
    #[arg(
        long,
        value_name = "TEXT",
        env = "HEAVY_DATA",
        hide_env_values = true,
        conflicts_with = "body"
    )]
    data: Option<String>,
    /// User and password for basic authentication; HEAVY_AUTH keeps them out of the process list
    #[arg(
        short = 'u',
        long,
        value_name = "USER:PASSWORD",
        env = "HEAVY_AUTH",
        hide_env_values = true
    )]
    auth: Option<String>,
    /// Follow redirects, at most N (10 without N) for each request; every hop is a request of its own in the results
    #[arg(
        short = 'L',
        long,
        value_name = "N",
        env = "HEAVY_FOLLOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10",
        value_parser = hops
    )]
    follow: Option<u32>,
    /// Accept any certificate of the server
    #[arg(short = 'k', long, env = "HEAVY_INSECURE", value_parser = FalseyValueParser::new())]
    insecure: bool,
    /// File with certificates (PEM) of authorities to trust as well
    #[arg(long, value_name = "FILE", env = "HEAVY_CACERT")]
    cacert: Option<PathBuf>,
    /// File with the client's certificate (PEM)
    #[arg(long, value_name = "FILE", env = "HEAVY_CERT")]
    cert: Option<PathBuf>,
    /// File with the private key (PEM) of --cert [default: the file of --cert]
    #[arg(long, value_name = "FILE", env = "HEAVY_KEY", requires = "cert")]
    key: Option<PathBuf>,
}

/// A value of `--header`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum HeaderFlag {
    Pair(String, String),
    File(PathBuf),
}

/// The request, and the values of its secrets, which are not stored.
#[derive(Debug)]
pub(crate) struct UrlRequest {
    pub(crate) params: HttpParams,
    pub(crate) variables: BTreeMap<String, String>,
}

fn header(text: &str) -> Result<HeaderFlag, String> {
    if let Some(file) = text.strip_prefix('@') {
        return Ok(HeaderFlag::File(file.into()));
    }
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok(HeaderFlag::Pair(name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected NAME:VALUE".to_owned()),
    }
}

fn hops(text: &str) -> Result<u32, String> {
    let hops = text.parse().ok().filter(|hops| (1..=50).contains(hops));
    hops.ok_or_else(|| "expected a number of redirects from 1 to 50".to_owned())
}

impl RequestFlags {
    /// The flags that are given.
    fn given(&self) -> Vec<&'static str> {
        let all = [
            ("--method", self.method.is_some()),
            ("--header", !self.headers.is_empty()),
            ("--body", self.body.is_some()),
            ("--data", self.data.is_some()),
            ("--auth", self.auth.is_some()),
            ("--follow", self.follow.is_some()),
            ("--insecure", self.insecure),
            ("--cacert", self.cacert.is_some()),
            ("--cert", self.cert.is_some()),
            ("--key", self.key.is_some()),
        ];
        let given = all.into_iter().filter(|(_, given)| *given);
        given.map(|(flag, _)| flag).collect()
    }

    /// Refuses these flags where no URL is requested.
    pub(crate) fn refuse(&self) -> Result<(), CommandFailure> {
        let given = self.given();
        if given.is_empty() {
            return Ok(());
        }
        Err(CommandFailure::usage(format!(
            "flags of a request ({}) require a URL; for a load test use --param",
            given.join(" and ")
        )))
    }

    pub(crate) fn request(&self, url: &str) -> Result<UrlRequest, CommandFailure> {
        let (url, of_url) = without_user(url);
        let mut headers = self.all_headers()?;
        let has = |headers: &[(String, String)], name: &str| {
            headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        if let Some(authorization) = self.authorization()?.or(of_url) {
            if has(&headers, "authorization") {
                let user = match self.auth {
                    Some(_) => "--auth",
                    None => "the user in the URL",
                };
                return Err(CommandFailure::usage(format!(
                    "{user} conflicts with the header authorization: leave one out"
                )));
            }
            headers.push(("authorization".to_owned(), authorization));
        }
        if self.data.is_some() && !has(&headers, "content-type") {
            headers.push(("content-type".to_owned(), FORM.to_owned()));
        }
        let default = if self.data.is_some() { "POST" } else { "GET" };
        let mut params = HttpParams {
            url,
            method: self.method.clone().unwrap_or_else(|| default.to_owned()),
            follow: self.follow.unwrap_or_default(),
            insecure: self.insecure,
            ..HttpParams::default()
        };
        params.headers = HeaderList::Pairs(pairs_of(&headers));
        params.check().map_err(CommandFailure::usage)?;
        let mut variables = BTreeMap::new();
        hide_secrets(&mut params, &headers, &mut variables)?;
        if let Some(body) = self.body.as_deref().or(self.data.as_deref()) {
            params.set_body(body_of(body)?);
        }
        self.certificates(&mut params, &mut variables)?;
        Ok(UrlRequest { params, variables })
    }

    fn all_headers(&self) -> Result<Vec<(String, String)>, CommandFailure> {
        let mut all = Vec::new();
        for flag in &self.headers {
            match flag {
                HeaderFlag::Pair(name, value) => all.push((name.clone(), value.clone())),
                HeaderFlag::File(file) => {
                    let text = text_of(file, "headers")?;
                    for (n, line) in text
                        .lines()
                        .enumerate()
                        .filter(|(_, line)| !line.trim().is_empty())
                    {
                        // The line may hold a secret.
                        let Ok(HeaderFlag::Pair(name, value)) = header(line) else {
                            let at = format!("{}:{}", file.display(), n + 1);
                            return Err(CommandFailure::usage(format!("{at}: expected NAME:VALUE")));
                        };
                        all.push((name, value));
                    }
                }
            }
        }
        Ok(all)
    }

    fn authorization(&self) -> Result<Option<String>, CommandFailure> {
        match &self.auth {
            None => Ok(None),
            Some(user) if user.contains(':') => Ok(Some(basic(user.as_bytes()))),
            Some(_) => Err(CommandFailure::usage(
                "missing password: expected -u USER:PASSWORD, or HEAVY_AUTH in the environment",
            )),
        }
    }

    fn certificates(
        &self,
        params: &mut HttpParams,
        variables: &mut BTreeMap<String, String>,
    ) -> Result<(), CommandFailure> {
        if let Some(file) = &self.cacert {
            params.ca_pem = text_of(file, "certificates")?;
        }
        if let Some(file) = &self.cert {
            let both = text_of(file, "the certificate")?;
            let key = match &self.key {
                Some(file) => text_of(file, "the key")?,
                None => both.clone(),
            };
            params.cert_pem = certificates_only(&both);
            if params.cert_pem.is_empty() {
                let file = file.display();
                return Err(CommandFailure::usage(format!(
                    "--cert: no certificate (PEM) in {file}"
                )));
            }
            variables.insert(KEY_VARIABLE.to_owned(), key);
        }
        let key = variables.get(KEY_VARIABLE).map(String::as_str);
        params.tls(key).map(drop).map_err(CommandFailure::usage)
    }
}

fn pairs_of(headers: &[(String, String)]) -> Vec<(String, Option<String>)> {
    let pairs = headers.iter().cloned();
    pairs.map(|(name, value)| (name, Some(value))).collect()
}

/// Moves the values of secret headers to their variables; those of one name stand there together.
fn hide_secrets(
    params: &mut HttpParams,
    headers: &[(String, String)],
    variables: &mut BTreeMap<String, String>,
) -> Result<(), CommandFailure> {
    let mut left: Vec<(String, Option<String>)> = Vec::new();
    for (name, value) in headers {
        if !is_secret(name) {
            left.push((name.clone(), Some(value.clone())));
            continue;
        }
        let Some(values) = variables.get_mut(&variable(name)) else {
            variables.insert(variable(name), value.clone());
            left.push((name.clone(), None));
            continue;
        };
        let namesake = |(known, value): &&(String, Option<String>)| {
            value.is_none() && variable(known) == variable(name) && !known.eq_ignore_ascii_case(name)
        };
        if let Some((known, _)) = left.iter().find(namesake) {
            return Err(CommandFailure::usage(format!(
                "the headers {known} and {name} share a variable of the job, which keeps their values secret: leave one out, or \
                 write a load test"
            )));
        }
        values.extend(["\n", value]);
    }
    params.headers = HeaderList::Pairs(left);
    Ok(())
}

fn basic(credentials: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// The URL without user and password, and the authorization that they mean.
fn without_user(text: &str) -> (String, Option<String>) {
    let Ok(mut url) = Url::parse(text) else {
        return (text.to_owned(), None);
    };
    if url.username().is_empty() && url.password().is_none() {
        return (text.to_owned(), None);
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(url.password().unwrap_or_default()));
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return (text.to_owned(), None);
    }
    (url.into(), Some(basic(&credentials)))
}

/// The URL without user, password and query.
pub(crate) fn without_secrets(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| String::new(),
        |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
    )
}

#[cfg(test)]
mod tests;
