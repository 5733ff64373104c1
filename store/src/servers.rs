//! The servers of a Postgres URL: as for libpq it may name several hosts, and one of its settings is ours.

use url::Url;

/// `prepared_statements=false`: a pooler is in between, which gives each transaction another connection.
const PREPARED: &str = "prepared_statements";
/// libpq's: heavy always looks for a server that takes writes.
const ATTRIBUTES: &str = "target_session_attrs";

/// What a Postgres URL says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Servers {
    /// A URL of each server, in their order, without what only heavy understands.
    pub(crate) urls: Vec<String>,
    /// Whether statements may be prepared; `None`: find out.
    pub(crate) prepares: Option<bool>,
}

/// The servers of `postgres://USER@HOST:PORT,HOST:PORT/DATABASE` or of `postgres:///DATABASE?host=HOST,HOST&port=PORT,PORT`;
/// `None` if the URL is wrong.
pub(crate) fn servers(url: &str) -> Option<Servers> {
    let mut servers = Servers {
        urls: Vec::new(),
        prepares: None,
    };
    for one in by_host(url)? {
        let one = Url::parse(&one).ok()?;
        for (key, value) in one.query_pairs() {
            if key == PREPARED {
                servers.prepares = Some(value.parse().ok()?);
            }
        }
        servers.urls.append(&mut by_parameter(&one)?);
    }
    Some(servers)
}

/// One URL for each host before the path.
fn by_host(url: &str) -> Option<Vec<String>> {
    let (scheme, rest) = url.split_once("://")?;
    let (place, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, hosts) = place
        .rsplit_once('@')
        .map_or(("", place), |(user, hosts)| (user, hosts));
    if !hosts.contains(',') {
        return Some(vec![url.to_owned()]);
    }
    let at = if user.is_empty() { "" } else { "@" };
    let of_host = |host: &str| (!host.is_empty()).then(|| format!("{scheme}://{user}{at}{host}{tail}"));
    hosts.split(',').map(of_host).collect()
}

/// One URL for each host of the parameter `host`, without our own parameters.
fn by_parameter(url: &Url) -> Option<Vec<String>> {
    let of_key = |key: &str| {
        let found = url.query_pairs().filter(|(found, _)| found == key).last();
        found.map_or_else(Vec::new, |(_, value)| {
            value.split(',').map(str::to_owned).collect()
        })
    };
    let (hosts, ports) = (of_key("host"), of_key("port"));
    let is_ours = |key: &str| [PREPARED, ATTRIBUTES].contains(&key);
    if hosts.len() < 2 && !url.query_pairs().any(|(key, _)| is_ours(&key)) {
        return Some(vec![url.as_str().to_owned()]);
    }
    if hosts.len() > 1 && !matches!(ports.len(), 0 | 1) && ports.len() != hosts.len() {
        return None;
    }
    let one = |place: usize| {
        let mut one = url.clone();
        let others = url
            .query_pairs()
            .filter(|(key, _)| !is_ours(key) && (hosts.len() < 2 || !["host", "port"].contains(&&**key)));
        let mut pairs: Vec<(String, String)> = others
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        if hosts.len() > 1 {
            pairs.push(("host".to_owned(), hosts[place].clone()));
            if let Some(port) = ports.get(place).or(ports.first()) {
                pairs.push(("port".to_owned(), port.clone()));
            }
        }
        one.set_query(None);
        if !pairs.is_empty() {
            one.query_pairs_mut().extend_pairs(pairs);
        }
        one.into()
    };
    Some((0..hosts.len().max(1)).map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_is_a_server() {
        for (url, expected, prepares) in [
            (
                "postgres://me:x@db/heavy",
                &["postgres://me:x@db/heavy"][..],
                None,
            ),
            (
                "postgres://me:x@a:5432,b:5433/heavy?sslmode=require",
                &[
                    "postgres://me:x@a:5432/heavy?sslmode=require",
                    "postgres://me:x@b:5433/heavy?sslmode=require",
                ],
                None,
            ),
            (
                "postgres:///heavy?host=/run/a,/run/b&port=1,2&target_session_attrs=read-write",
                &[
                    "postgres:///heavy?host=%2Frun%2Fa&port=1",
                    "postgres:///heavy?host=%2Frun%2Fb&port=2",
                ],
                None,
            ),
            (
                "postgres://db/heavy?host=a,b&port=7&prepared_statements=false",
                &[
                    "postgres://db/heavy?host=a&port=7",
                    "postgres://db/heavy?host=b&port=7",
                ],
                Some(false),
            ),
            (
                "postgres://db/heavy?prepared_statements=true",
                &["postgres://db/heavy"],
                Some(true),
            ),
        ] {
            let found = servers(url).unwrap();
            assert_eq!(
                (&found.urls[..], found.prepares),
                (
                    &expected.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>()[..],
                    prepares
                ),
                "{url}"
            );
        }
        for url in [
            "postgres://:port",
            "postgres://a,/heavy",
            "postgres:///x?host=a,b,c&port=1,2",
            "postgres://db/heavy?prepared_statements=maybe",
        ] {
            assert_eq!(servers(url), None, "{url}");
        }
    }
}
