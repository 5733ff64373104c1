//! The lines that join a host: `hv1:HOST:PORT:PIN:SECRET`, and `hv1:HOST:PORT:PIN` of a cluster whose secret is elsewhere.

use std::fmt;
use std::str::FromStr;

use crate::pin::{InvalidPin, Pin};
use crate::secret::{InvalidSecret, Secret};

const VERSION: &str = "hv1";

/// A cluster: where its scheduler listens, and the pin of its certificate authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterAddress {
    host: String,
    port: u16,
    /// The certificate authority's.
    pub pin: Pin,
}

/// A cluster with the secret of a token.
#[derive(Debug, Clone)]
pub struct JoinLine {
    /// The cluster to join.
    pub cluster: ClusterAddress,
    /// Proves the right to join it.
    pub secret: Secret,
}

/// What is wrong with a line. It shows nothing of the line, which may contain a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLine {
    /// It does not begin with `hv1:`.
    #[error("not a join line: expected hv1:HOST:PORT:PIN:SECRET, as `heavy-sched token create` prints it")]
    Version,
    /// No host or no port.
    #[error("the join line has no valid HOST:PORT after hv1: (an IPv6 address needs brackets)")]
    Address,
    /// The third part.
    #[error("the join line has an {0}; copy the whole line")]
    Pin(#[from] InvalidPin),
    /// The fourth part.
    #[error("the join line has an {0}; copy the whole line")]
    Secret(#[from] InvalidSecret),
    /// There is more.
    #[error("the join line has too many parts: expected hv1:HOST:PORT:PIN:SECRET")]
    TooLong,
    /// There is no secret.
    #[error(
        "the join line has no secret: expected hv1:HOST:PORT:PIN:SECRET, as `heavy-sched token create` prints it"
    )]
    NoSecret,
    /// There is a secret where none belongs.
    #[error("expected hv1:HOST:PORT:PIN without a secret")]
    UnexpectedSecret,
}

impl ClusterAddress {
    /// A cluster whose scheduler listens on `HOST:PORT`, an IPv6 address in brackets.
    ///
    /// # Errors
    /// When `address` is not `HOST:PORT`.
    pub fn new(address: &str, pin: Pin) -> Result<Self, InvalidLine> {
        match host_and_port(address)? {
            (host, port, "") => Ok(Self { host, port, pin }),
            _ => Err(InvalidLine::Address),
        }
    }

    /// The scheduler's host: a name, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The scheduler's port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`, with brackets where they are needed.
    #[must_use]
    pub fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

/// Splits `HOST:PORT` and what follows after a colon.
fn host_and_port(text: &str) -> Result<(String, u16, &str), InvalidLine> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']').ok_or(InvalidLine::Address)?;
            let address: std::net::Ipv6Addr = host.parse().map_err(|_| InvalidLine::Address)?;
            (
                address.to_string(),
                rest.strip_prefix(':').ok_or(InvalidLine::Address)?,
            )
        }
        None => {
            let (host, rest) = text.split_once(':').ok_or(InvalidLine::Address)?;
            (host.to_owned(), rest)
        }
    };
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(of_host) {
        return Err(InvalidLine::Address);
    }
    let (port, rest) = rest.split_once(':').unwrap_or((rest, ""));
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidLine::Address);
    }
    match port.parse() {
        Ok(port) if port != 0 => Ok((host, port, rest)),
        _ => Err(InvalidLine::Address),
    }
}

/// The cluster, and the secret if there is one.
fn parse(text: &str) -> Result<(ClusterAddress, Option<Secret>), InvalidLine> {
    let (version, rest) = text.trim().split_once(':').ok_or(InvalidLine::Version)?;
    if version != VERSION {
        return Err(InvalidLine::Version);
    }
    let (host, port, rest) = host_and_port(rest)?;
    let mut parts = rest.split(':');
    let pin = parts.next().unwrap_or_default().parse()?;
    let secret = parts.next().map(str::parse).transpose()?;
    match parts.next() {
        None => Ok((ClusterAddress { host, port, pin }, secret)),
        Some(_) => Err(InvalidLine::TooLong),
    }
}

impl fmt::Display for ClusterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:{}:{}", self.address(), self.pin)
    }
}

impl FromStr for ClusterAddress {
    type Err = InvalidLine;

    fn from_str(text: &str) -> Result<Self, InvalidLine> {
        match parse(text)? {
            (cluster, None) => Ok(cluster),
            (_, Some(_)) => Err(InvalidLine::UnexpectedSecret),
        }
    }
}

impl JoinLine {
    /// The line with its secret, for the eyes of whoever asked for it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}:{}", self.cluster, self.secret.reveal())
    }
}

impl FromStr for JoinLine {
    type Err = InvalidLine;

    fn from_str(text: &str) -> Result<Self, InvalidLine> {
        match parse(text)? {
            (cluster, Some(secret)) => Ok(Self { cluster, secret }),
            (_, None) => Err(InvalidLine::NoSecret),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        let pin = Pin::of_spki(b"a key");
        let secret = Secret::generate().unwrap();
        for (address, host, port) in [
            ("sched.example:7700", "sched.example", 7700),
            ("10.0.0.1:1", "10.0.0.1", 1),
            ("[2001:db8::1]:65535", "2001:db8::1", 65535),
        ] {
            let cluster = ClusterAddress::new(address, pin).unwrap();
            assert_eq!((cluster.host(), cluster.port()), (host, port));
            assert_eq!(cluster.to_string(), format!("hv1:{address}:{pin}"));
            assert_eq!(cluster.to_string().parse(), Ok(cluster.clone()));
            let line = JoinLine { cluster, secret };
            let read: JoinLine = format!(" {}\n", line.reveal()).parse().unwrap();
            assert_eq!(read.cluster, line.cluster);
            assert_eq!(read.secret.hash(), secret.hash());
            assert!(!format!("{line:?}").contains(&secret.reveal()));
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_the_secret() {
        let (pin, secret) = (Pin::of_spki(b"a key"), Secret::generate().unwrap().reveal());
        for (text, expected) in [
            (String::new(), InvalidLine::Version),
            (format!("hv2:h:1:{pin}:{secret}"), InvalidLine::Version),
            (format!("h:1:{pin}:{secret}"), InvalidLine::Version),
            (format!("hv1::1:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:h h:1:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:h:0:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:h:+1:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:h:70000:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:2001:db8::1:1:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:[h]:1:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:[::1]1:{pin}:{secret}"), InvalidLine::Address),
            (format!("hv1:h:1:x:{secret}"), InvalidLine::Pin(InvalidPin)),
            ("hv1:h:1".to_owned(), InvalidLine::Pin(InvalidPin)),
            (format!("hv1:h:1:{pin}:x"), InvalidLine::Secret(InvalidSecret)),
            (format!("hv1:h:1:{pin}:{secret}:x"), InvalidLine::TooLong),
            (format!("hv1:h:1:{pin}"), InvalidLine::NoSecret),
        ] {
            let error = text.parse::<JoinLine>().unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains(&secret), "{error}");
        }
        let with_secret = format!("hv1:h:1:{pin}:{secret}");
        assert_eq!(
            with_secret.parse::<ClusterAddress>(),
            Err(InvalidLine::UnexpectedSecret)
        );
        assert!(ClusterAddress::new("h:1:2", pin).is_err());
    }
}
